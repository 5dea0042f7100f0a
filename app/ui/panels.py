"""Which widget paints which view state of the middle; each is imported when its first state comes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from app.screens import views
from app.screens.device_page import DevicesView

if TYPE_CHECKING:
    from app.ui.look import Look
    from app.ui.panel import PanelCard

WIDGETS: Final[dict[type, str]] = {
    views.Results: "results:ResultsPanel",
    views.Payment: "payment:PaymentPanel",
    views.Ask: "asking:AskPanel",
    views.Paid: "payment:PaidPanel",
    views.Quantity: "asking:QuantityPanel",
    views.Pad: "pad:PadPanel",
    views.Form: "form:FormPanel",
    views.Rows: "listing:RowsPanel",
    views.Tools: "tools:ToolsPanel",
    views.Counts: "counts:CountsPanel",
    views.Compare: "comparing:ComparePanel",
    views.DayView: "day:DayPanel",
    DevicesView: "devices:DevicesPanel",
}


def make(kind: type, look: Look) -> PanelCard:
    """A new widget for a kind of view state."""
    module, _, name = WIDGETS[kind].partition(":")
    return getattr(import_module(f"app.ui.{module}"), name)(look)
