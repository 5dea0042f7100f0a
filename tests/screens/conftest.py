from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.screens.sale import SalePresenter
from app.screens.views import SaleView
from tests.support.shop import Desk


class Screen:
    """A presenter over a stocked till, and every view it published."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.views: list[SaleView] = []
        self.presenter = self.start()

    def start(self) -> SalePresenter:
        desk = self.desk
        self.presenter = SalePresenter(desk.till, desk.reader, desk.reader, desk.world, lang="en")
        self.presenter.publish = self.views.append
        return self.presenter

    @property
    def view(self) -> SaleView:
        return self.presenter.view


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    desk = Desk(tmp_path / "till").stock()
    yield Screen(desk)
    desk.close()
