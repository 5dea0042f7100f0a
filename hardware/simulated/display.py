"""A pole display to look at on the screen or in a test."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.lanes import Lane, World
from hardware.displays.pages import two_lines
from hardware.ports import DeviceProblem, DisplayText


class SimulatedDisplay:
    """Two lines of `columns` letters, on its own lane "display", which ends at `stop`.

    `lines` is what an eye sees now; `on_change` is called on the lane.
    """

    def __init__(
        self,
        columns: int = 20,
        page: str = "cp852",
        on_change: Callable[[tuple[str, str]], None] = lambda lines: None,
        world: World | None = None,
    ) -> None:
        self.columns, self.page = columns, page
        self.on_change = on_change
        self._world = world
        self._lane: Lane | None = None
        self._heard: Callable[[DeviceProblem | None], None] = lambda problem: None
        self._text = DisplayText()
        self._plugged = True
        self.lines = self._blank

    @property
    def _blank(self) -> tuple[str, str]:
        return " " * self.columns, " " * self.columns

    def start(self, on_problem: Callable[[DeviceProblem | None], None]) -> None:
        if self._lane is not None and self._lane.alive:
            raise RuntimeError("the display runs already")
        self._heard = on_problem
        self._lane = Lane("display", world=self._world).start()
        self._lane.submit(partial(self._switch, self._plugged))

    def show(self, text: DisplayText) -> None:
        self._text = text
        self._submit(self._paint)

    def stop(self, deadline_s: float = 5.0) -> bool:
        self._submit(self._dark)
        return self._lane is None or self._lane.stop(deadline_s)

    # -- what a hand does to it --------------------------------------------------------------------------

    def plug(self, plugged: bool = True) -> None:
        """Plug it in, or pull it out: from any thread."""
        self._submit(partial(self._switch, plugged))

    # -- on the lane -------------------------------------------------------------------------------------

    def _submit(self, job: Callable[[], None]) -> None:
        if self._lane is not None and not self._lane.stopping.is_set():
            self._lane.submit(job)

    def _switch(self, plugged: bool) -> None:
        self._plugged = plugged
        self._heard(None if plugged else DeviceProblem("unreachable", "the simulated display is pulled out"))
        if plugged:
            self._paint()
        else:
            self._dark()

    def _paint(self) -> None:
        if self._plugged:
            self.lines = two_lines(self._text, self.columns, self.page)
            self.on_change(self.lines)

    def _dark(self) -> None:
        self.lines = self._blank
        self.on_change(self.lines)
