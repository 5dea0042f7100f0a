"""Barcodes that were rung up at a typed price because no product has them: what the price list lacks."""

from __future__ import annotations

from app.screens.corner.page import Page
from app.screens.forms import Row, Rows, Sign


class Repair(Page):
    def body(self) -> Rows:
        words, shop = self.corner.words, self.corner.till.shop
        departments = {one.id: one.names.get(words.lang, one.id) for one in shop.departments}
        found = self.corner.past.unknown_codes()
        return Rows(
            title=self.say("tab.repair"),
            detail=self.say("repair.detail"),
            rows=tuple(
                Row(
                    key=code,
                    title=code,
                    detail=" · ".join(
                        (
                            departments.get(department, department),
                            self.say("repair.times", n=times),
                            self.say("repair.last", moment=self.moment(last_ms)),
                        )
                    ),
                    figure=self.money(price_minor),
                    sign=Sign.WARN,
                )
                for code, department, price_minor, times, last_ms in found
                if self.corner.till.heart.catalogue.product_by_code(code) is None
            ),
            empty=self.say("repair.empty"),
        )
