"""A scale on a serial port (RS-232, or USB with a serial chip).

Written to the makers' manuals and tested on a pair of ports against what those say; not yet on a scale of
metal. A weight is a matter of law: what is sold is what the scale itself calls stable, to the gram.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import serial

from app.lanes import Backoff, Lane, RealWorld, World
from hardware.ports import ScaleEvent, ScaleFailed, Weighed
from hardware.scales.protocols import ANSWER_MAX, PROTOCOLS
from hardware.serial_ports import GONE, check_port, find_port


@dataclass(frozen=True, slots=True)
class ScaleSettings:
    """`port` as in `hardware.serial_ports`, `protocol` one of `hardware.scales.protocols`; `baud` 0 and
    `bits` "" are the protocol's own. ValueError says which setting cannot be.

    `ask_s` is the pause between two questions: the 8217 wants 200 ms.
    """

    port: str
    protocol: str = "toledo"
    baud: int = 0
    bits: str = ""
    ask_s: float = 0.25
    silent_s: float = 2.0
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        check_port(self.port)
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol is one of {', '.join(PROTOCOLS)}, not {self.protocol!r}")
        if self.bits not in ("", "7E1", "8N1"):
            raise ValueError(f"bits is 7E1 or 8N1, not {self.bits!r}")


class SerialScale:
    """The Scale on a serial port.

    Lane "scale": asks (or listens) until `stop`, opens the port again after every loss with a back-off, and
    tells each weight and each failure once, when it differs from what it told before.
    """

    def __init__(self, settings: ScaleSettings, world: World | None = None) -> None:
        self._settings = settings
        self._protocol = PROTOCOLS[settings.protocol]
        self._world = world or RealWorld()
        self._lane: Lane | None = None
        self._told: ScaleEvent | None = None
        self._last_milli = 0
        self._sink: Callable[[ScaleEvent], None] = lambda event: None

    def start(self, sink: Callable[[ScaleEvent], None]) -> None:
        """Begin to weigh; `sink` is called on the lane's thread."""
        if self._lane is not None and self._lane.alive:
            raise RuntimeError("the scale runs already")
        self._sink, self._told = sink, None
        self._lane = Lane(
            "scale", loop=self._run, on_crash=self._lost, backoff=self._settings.backoff, world=self._world
        ).start()

    def stop(self, deadline_s: float = 5.0) -> bool:
        return self._lane is None or self._lane.stop(deadline_s)

    def age_s(self) -> float:
        """Seconds since the lane last beat; infinite before the start."""
        return self._lane.age_s() if self._lane is not None else float("inf")

    # -- on the lane's thread ----------------------------------------------------------------------------

    def _run(self, lane: Lane) -> None:
        settings, protocol = self._settings, self._protocol
        seven_even = settings.bits == "7E1" if settings.bits else protocol.seven_even
        with serial.Serial(
            find_port(settings.port),
            settings.baud or protocol.baud,
            bytesize=serial.SEVENBITS if seven_even else serial.EIGHTBITS,
            parity=serial.PARITY_EVEN if seven_even else serial.PARITY_NONE,
            timeout=settings.ask_s,
            write_timeout=settings.silent_s,
            exclusive=True,
        ) as port:
            self._weigh(lane, port)

    def _weigh(self, lane: Lane, port: serial.Serial) -> None:
        settings, end, buffer = self._settings, self._protocol.end, b""
        heard_s = self._world.monotonic_s()
        while not lane.stopping.is_set():
            lane.beat()
            if self._protocol.ask:
                port.write(self._protocol.ask)
                lane.wait(settings.ask_s)
            # Waits for one byte, then takes what else is there; raises when the device is gone.
            buffer += port.read(1) + port.read(port.in_waiting)
            *answers, buffer = buffer.split(end)
            now_s = self._world.monotonic_s()
            silent = now_s - heard_s > settings.silent_s
            if answers:
                heard_s = now_s
                # Only the newest tells what lies there now.
                self._tell(self._protocol.read(answers[-1], self._last_milli))
            elif len(buffer) > ANSWER_MAX or (silent and buffer):
                # Noise is no silence: a scale that talks at the wrong speed is not told as both by turns.
                self._tell(ScaleFailed("malformed", repr(buffer[:ANSWER_MAX])))
                heard_s, buffer = now_s, b""
            elif silent:
                self._tell(ScaleFailed("stalled", "the scale does not answer"))

    def _lost(self, error: BaseException) -> None:
        if isinstance(error, serial.SerialTimeoutException):
            self._tell(ScaleFailed("stalled", str(error)))
        elif isinstance(error, GONE):
            self._tell(ScaleFailed("unreachable", str(error)))
        else:
            args = (type(error), error, error.__traceback__, threading.current_thread())
            threading.excepthook(threading.ExceptHookArgs(args))

    def _tell(self, event: ScaleEvent) -> None:
        if isinstance(event, Weighed) and event.stable:
            self._last_milli = event.weight_milli
        told = self._told
        same = (
            event.code == told.code
            if isinstance(event, ScaleFailed) and isinstance(told, ScaleFailed)
            else event == told
        )
        if not same:
            self._told = event
            self._sink(event)
