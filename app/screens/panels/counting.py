"""Typing a line's quantity: pieces, or the weight that the scale shows."""

from __future__ import annotations

from app.screens import cash, views
from app.screens.forms import YES
from app.screens.panel import Panel, Screen


class Counting(Panel):
    """The next scan does not wait for the answer."""

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
        qty = cash.entered(self.entry, self._decimals)
        if key != YES:
            super().press(key)
        elif qty is not None:
            decimals = self._decimals
            self.screen.close()
            self.screen.tell(self.till.set_qty(self.line, qty * 10 ** (3 - decimals)))

    def view(self) -> views.Quantity:
        line, get = self.till.sale.line(self.line), self.show.words.get
        assert line is not None
        unit = get("screen.kg" if line.unit == "kg" else "screen.piece")
        return views.Quantity(
            name=line.name_in(self.show.words.lang),
            price=f"{self.show.money(line.price_minor)} / {unit}",
            unit=unit,
            entry=self.show.typed(self.entry),
            ready=bool(cash.entered(self.entry, self._decimals)),
        )
