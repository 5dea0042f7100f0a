"""The model behind lists tells Qt the truth about what changed (Qt's own model tester listens)."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from app.ui.rows import RowModel

ROWS = st.lists(st.integers(0, 5), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=6))
def test_any_sequence_of_rows(qapp: QApplication, states: list[list[int]]) -> None:
    model = RowModel(str)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    mirror: list[str] = []

    def shown(row: int) -> str:
        return model.data(model.index(row), Qt.ItemDataRole.DisplayRole)

    model.rowsInserted.connect(
        lambda _, first, last: mirror.extend(shown(row) for row in range(first, last + 1))
    )
    model.rowsRemoved.connect(lambda _, first, last: mirror.__delitem__(slice(first, last + 1)))

    def changed(first, last, _=None) -> None:  # type: ignore[no-untyped-def]
        for row in range(first.row(), last.row() + 1):
            mirror[row] = shown(row)

    model.dataChanged.connect(changed)
    for state in states:
        model.set_rows(state)
        assert mirror == [str(each) for each in state]
        assert model.rowCount() == len(state)
    del tester


def test_equal_rows_say_nothing(qapp: QApplication) -> None:
    model, heard = RowModel(str), list[str]()
    model.set_rows([1, 2])
    model.dataChanged.connect(lambda *_: heard.append("changed"))
    model.set_rows([1, 2])
    assert heard == []


def test_neighbours_that_change_are_told_of_at_once(qapp: QApplication) -> None:
    model, heard = RowModel(str), list[tuple[int, int]]()
    model.set_rows([0, 1, 2, 3, 4, 5])
    model.dataChanged.connect(lambda first, last, _=None: heard.append((first.row(), last.row())))
    model.set_rows([0, 7, 7, 3, 4, 7])
    assert heard == [(1, 2), (5, 5)]
