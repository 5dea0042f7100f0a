"""Rows of a list that wrap have the height that their words need when they are painted, not soon after."""

from __future__ import annotations

from itertools import accumulate

import pytest

from app.screens import views
from app.screens.forms import Row
from app.ui.listing import RowsPanel, _Layout
from app.ui.look import Look

LONG = "Points are spent in steps of a hundred, from a hundred on, for up to half of the receipt. " * 3


def bottoms(panel: RowsPanel) -> tuple[list[int], list[int]]:
    """Where rows end as they are laid out, and as the words need it."""
    panel.grab()
    model, width = panel.list.model(), panel.list.viewport().width()
    rows = panel._model.rows
    laid = [panel.list.visualRect(model.index(number, 0)).bottom() + 1 for number in range(len(rows))]
    return laid, list(accumulate(max(_Layout(row, width).height, 36) for row in rows))


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_a_list_that_becomes_narrow_or_says_other_words_is_laid_out_anew(look: Look) -> None:
    panel = RowsPanel(look)
    panel.resize(1200, 600)
    panel.show()
    panel.set(views.Rows(title="Terms", rows=(Row("a", "Points", LONG), Row("b", "Level", "short"))))
    wide, needed = bottoms(panel)
    assert wide == needed
    panel.resize(420, 600)
    narrow, needed = bottoms(panel)
    assert narrow == needed
    assert narrow[0] > wide[0]
    panel.set(views.Rows(title="Terms", rows=(Row("a", "Points", "short"), Row("b", "Level", LONG))))
    other, needed = bottoms(panel)
    assert other == needed
    panel.close()
