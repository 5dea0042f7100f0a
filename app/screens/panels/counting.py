"""A line's quantity: pieces typed, a weight typed, or the weight that the scale shows."""

from __future__ import annotations

from app.screens import cash, views
from app.screens.forms import YES
from app.screens.panel import Panel, Screen
from hardware.ports import ScaleEvent, ScaleFailed, Weighed


class Counting(Panel):
    """The next scan does not wait for the answer. Only a weight that lies still is taken from the scale."""

    def __init__(self, screen: Screen, line: int) -> None:
        super().__init__(screen)
        self.line, self.entry = line, ""

    @property
    def _decimals(self) -> int:
        found = self.till.sale.line(self.line)
        return 3 if found is not None and found.unit == "kg" else 0

    def goes_on(self) -> bool:
        return self.till.sale.line(self.line) is not None

    def key(self, key: str) -> None:
        self.entry = cash.typed(self.entry, key, self._decimals)

    def press(self, key: str) -> None:
        qty_milli = self._qty_milli
        if key != YES:
            super().press(key)
        elif qty_milli is not None:
            self.screen.close()
            self.screen.tell(self.till.set_qty(self.line, qty_milli))

    @property
    def _scale(self) -> ScaleEvent | None:
        """What the scale says, where this line is sold by weight."""
        return self.screen.scale if self._decimals else None

    @property
    def _qty_milli(self) -> int | None:
        """What would be taken now."""
        typed = cash.entered(self.entry, self._decimals)
        if typed is not None:
            return typed * 10 ** (3 - self._decimals)
        match self._scale:
            case Weighed(weight_milli, stable=True) if weight_milli > 0 and not self.entry:
                return weight_milli
            case _:
                return None

    def view(self) -> views.Quantity:
        line, get = self.till.sale.line(self.line), self.show.words.get
        assert line is not None
        unit = get("kg" if line.unit == "kg" else "screen.piece")
        weighed, still, hint = self._shown()
        return views.Quantity(
            name=line.name_in(self.show.words.lang),
            price=f"{self.show.money(line.price_minor)} / {unit}",
            unit=unit,
            entry=self.show.typed(self.entry),
            ready=bool(self._qty_milli),
            weighed=weighed,
            still=still,
            hint=hint,
        )

    def _shown(self) -> tuple[str, bool, str]:
        """The scale's weight, whether it lies still, and what to do where it cannot be taken."""
        words = self.show.words
        match self._scale:
            case Weighed(0):
                return words.scaled(0, 3), False, words.get("screen.scale.empty")
            case Weighed(weight_milli, stable):
                hint = words.get("screen.scale.ready" if stable else "screen.scale.moving")
                return words.scaled(weight_milli, 3), stable, hint
            case ScaleFailed(code):
                return "", False, words.get(f"screen.scale.{code}.do")
            case None:
                return "", False, ""
