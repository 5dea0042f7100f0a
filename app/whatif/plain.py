"""The figures as JSON, in the shapes of docs/reference/what-if.md: integers with their unit in the name."""

from __future__ import annotations

from typing import Any

import msgspec

from app.loyalty.contract import Contract
from app.loyalty.decision import Decision
from app.loyalty.whatif.figures import Cell, Side
from app.whatif.case import Done


def plain(done: Done) -> dict[str, Any]:
    """The whole result. Examples are decisions as `stempel price` writes them."""
    result = done.result
    made: dict[str, Any] = msgspec.to_builtins(result)
    for name, side in (("draft", result.draft), ("in_force", result.in_force)):
        made[name]["rules"] = _rules(side)
    writers = Contract(done.draft), Contract(done.in_force)
    made["examples"] = [
        {
            "way": example.way,
            "sale": example.sale,
            "at_ms": example.at_ms,
            "member": example.member,
            "draft": _decision(writers[0], example.draft),
            "in_force": _decision(writers[1], example.in_force),
        }
        for example in result.examples
    ]
    return made


def encode(done: Done) -> bytes:
    """The JSON text, indented, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(plain(done)), indent=2) + b"\n"


def _decision(writer: Contract, decision: Decision) -> dict[str, Any]:
    """Without what only a till goes on with: a member's whole state is no part of a report."""
    made = writer.decision(decision)
    return {key: value for key, value in made.items() if key not in ("state_after", "effects", "offers")}


def _rules(side: Side) -> list[dict[str, Any]]:
    """With each cell's cost, so that nobody has to know how it is made up."""
    rules: list[dict[str, Any]] = []
    for figures in side.rules:
        rule: dict[str, Any] = msgspec.to_builtins(figures)
        for audience in ("new", "existing", "nobody", "all"):
            cell: Cell = getattr(figures, audience)
            rule[audience]["cost_minor"] = cell.cost_minor
        rules.append(rule)
    return rules
