"""A scale to put things on, on the screen or in a test."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.lanes import Lane, World
from hardware.ports import ScaleEvent, ScaleFailed, Weighed


class SimulatedScale:
    """Tells the weight it is given, on its own lane "scale", which ends at `stop`."""

    def __init__(self, world: World | None = None) -> None:
        self._world = world
        self._lane: Lane | None = None
        self._sink: Callable[[ScaleEvent], None] = lambda event: None
        self._now: ScaleEvent = Weighed(0, stable=True)

    def start(self, sink: Callable[[ScaleEvent], None]) -> None:
        if self._lane is not None and self._lane.alive:
            raise RuntimeError("the scale runs already")
        self._sink = sink
        self._lane = Lane("scale", world=self._world).start()
        self._lane.submit(lambda: self._sink(self._now))

    def stop(self, deadline_s: float = 5.0) -> bool:
        return self._lane is None or self._lane.stop(deadline_s)

    def age_s(self) -> float:
        """Seconds since the lane last beat; infinite before the start."""
        return self._lane.age_s() if self._lane is not None else float("inf")

    # -- what a hand does to it --------------------------------------------------------------------------

    def put(self, weight_milli: int, stable: bool = True) -> None:
        """Lay goods on it; they swing first unless they lie still at once. Any thread."""
        self._become(Weighed(weight_milli, stable))

    def take_off(self) -> None:
        self.put(0)

    def fail(self, code: str, detail: str = "") -> None:
        """Let it fail; `code` as in `hardware.ports.ScaleFailed`."""
        self._become(ScaleFailed(code, detail))

    def _become(self, event: ScaleEvent) -> None:
        if self._lane is not None and not self._lane.stopping.is_set():
            self._lane.submit(partial(self._tell, event))
        else:
            self._now = event

    def _tell(self, event: ScaleEvent) -> None:
        if event != self._now:
            self._now = event
            self._sink(event)
