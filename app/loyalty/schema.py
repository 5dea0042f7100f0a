"""JSON Schemas: of the programme file, from the same structs that read it, and of the price contract."""

from __future__ import annotations

import json
import re
import sys
import types
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from app.loyalty.basket import Birthday, Code, GiftCard, Line
from app.loyalty.decision import Discount, LinePoints, LineStamps, Owed, RulePoints, StampsView, TaxTotal
from app.loyalty.effects import AnyEffect, Grant, ReferralDue
from app.loyalty.model import Programme, Rule, Scalar
from app.loyalty.plain import split_unit
from app.loyalty.reading import CATEGORY, DAYS_MAX, IDENT, MONTHS_MAX, fields_of
from app.loyalty.rules import KINDS
from app.loyalty.state import MemberState

Json = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"

_DECIMAL = r"[0-9]+(\.[0-9]+)?"
_SCALARS: dict[str, Json] = {
    "money": {"description": "an amount of money", "pattern": rf"^{_DECIMAL}$"},
    "positive_money": {"description": "an amount of money above zero", "pattern": rf"^{_DECIMAL}$"},
    "points": {"description": "points above zero", "pattern": rf"^{_DECIMAL}$"},
    "quantity": {"description": "pieces or kilograms", "pattern": rf"^{_DECIMAL}$"},
    "point_value": {"description": "what one point is worth in money", "pattern": rf"^{_DECIMAL}$"},
    "share": {"description": "a rate such as 5% or 0.05", "pattern": rf"^{_DECIMAL} ?%?$"},
    "factor": {"description": "a multiplier such as 1.5", "pattern": rf"^{_DECIMAL} ?%?$"},
}
_WHOLE = {
    "count": (1, 10**15),
    "days": (0, DAYS_MAX),
    "term": (1, DAYS_MAX),
    "months": (1, MONTHS_MAX),
    "whole": (-1_000_000, 1_000_000),
}
_TEXTS: dict[str, Json] = {
    "ident": {"type": "string", "pattern": f"^{IDENT}$"},
    "category": {"type": "string", "pattern": f"^{CATEGORY}$"},
    "hours": {"type": "string", "pattern": r"^[0-9]{1,2}:[0-9]{2} ?[-–] ?[0-9]{1,2}:[0-9]{2}$"},
    "zone": {"type": "string", "description": "a time zone such as Europe/Warsaw"},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
}


def programme_schema() -> Json:
    """The JSON Schema of a programme file, for editors that complete and check."""
    defs: Json = {}
    kinds = {name: _struct(kind.settings, defs) for name, kind in KINDS.items()}
    for name, schema in kinds.items():
        schema["properties"]["kind"] = {"const": name}
        defs[f"kind_{name}"] = schema
    rule: Json = {"oneOf": [{"$ref": f"#/$defs/kind_{name}"} for name in kinds]}
    whole = _struct(Programme, defs)
    whole["properties"]["rules"] = {"type": "array", "minItems": 1, "items": rule}
    return {"$schema": DRAFT, "title": "Stempel programme", **whole, "$defs": dict(sorted(defs.items()))}


def _of(kind: Any, defs: Json) -> Json:
    """The schema of a field's type, as the loader reads it."""
    origin = get_origin(kind)
    if origin is Annotated:
        scalar = next(note for note in get_args(kind)[1:] if isinstance(note, Scalar))
        return _scalar(scalar.name)
    if origin in (Union, types.UnionType):
        inner = [_of(part, defs) for part in get_args(kind) if part is not type(None)]
        return inner[0] if len(inner) == 1 else {"anyOf": inner}
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin is tuple:
        return {"type": "array", "items": _of(get_args(kind)[0], defs)}
    if origin is dict:
        values = _of(get_args(kind)[1], defs)
        return {
            "type": "object",
            "additionalProperties": values,
            "propertyNames": {"pattern": f"^{CATEGORY}$"},
        }
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _reference(kind, defs)
    if kind is bool:
        return {"type": "boolean"}
    if kind is date:
        return {"type": "string", "format": "date"}
    return {"type": ["string", "number"]}


def _reference(kind: type[msgspec.Struct], defs: Json) -> Json:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    if kind is Rule:
        return {}
    if name not in defs:
        defs[name] = {}
        defs[name] = _struct(kind, defs)
    return {"$ref": f"#/$defs/{name}"}


def _scalar(name: str) -> Json:
    if name in _TEXTS:
        return dict(_TEXTS[name])
    if name in _WHOLE:
        low, high = _WHOLE[name]
        return {"type": "integer", "minimum": low, "maximum": high}
    schema = _SCALARS[name]
    return {"type": ["string", "number"], "minimum": 0, **schema}


def _struct(kind: type[msgspec.Struct], defs: Json) -> Json:
    fields = fields_of(kind)
    schema: Json = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _of(field.type, defs) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
    }
    words = (kind.__doc__ or "").strip().splitlines()
    if words and not words[0].startswith(kind.__name__ + "("):
        schema["description"] = words[0].replace("`", "")
    return schema


# -- the price contract ----------------------------------------------------------------------------------

_MONEY: Json = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
_TIME: Json = {"type": "string", "format": "date-time"}
_TEXT: Json = {"type": "string"}


def case_schema() -> Json:
    """The JSON Schema of one case of `stempel price`."""
    defs: Json = {}
    line = _plain_struct(Line, defs, rename={"id": "line"}, optional={"category"})
    refund_line = _object({"line": _TEXT, "qty": _MONEY}, ["line", "qty"])
    code: Json = {"anyOf": [_TEXT, _plain(Code, defs)]}
    redeem = _object(
        {
            "points": {"anyOf": [_MONEY, {"const": "max"}]},
            "gift_cards": {"type": "array", "items": _plain(GiftCard, defs)},
            "rewards": {"type": "array", "items": _TEXT},
            "entitlements": {"type": "array", "items": _TEXT},
        }
    )
    member = _object(
        {
            "id": _TEXT,
            "state": _plain(MemberState, defs),
            "segments": {"type": "array", "items": _TEXT},
            "birthday": {"anyOf": [_plain(Birthday, defs), {"type": "null"}]},
            "referrals": _list(ReferralDue, defs),
        }
    )
    schema = _object(
        {
            "at": _TIME,
            "store": _TEXT,
            "till": _TEXT,
            "channel": _TEXT,
            "sale": _TEXT,
            "time_zone": _TEXT,
            "member": {"anyOf": [member, {"type": "null"}]},
            "basket": {"type": "array", "items": {"anyOf": [line, refund_line]}, "maxItems": 10_000},
            "codes": {"type": "array", "items": code},
            "redeem": redeem,
            "points_limit": _MONEY,
            "budgets": {"type": "object", "additionalProperties": _MONEY},
            "refund_of": {"anyOf": [{"type": "object"}, {"type": "null"}]},
            "refunded": {"type": "object", "additionalProperties": _MONEY},
        },
        ["at", "basket"],
    )
    return {"$schema": DRAFT, "title": "Stempel price case", **schema, "$defs": dict(sorted(defs.items()))}


def decision_schema() -> Json:
    """The JSON Schema of one answer of `stempel price`."""
    defs: Json = {}
    reason = _object(
        {
            "rule": _TEXT,
            "applied": {"type": "boolean"},
            "reason": _TEXT,
            "missing": _TEXT,
            "params": {"type": "object"},
        },
        ["rule", "applied", "reason"],
    )
    line = _object(
        {
            "line": _TEXT,
            "qty": _MONEY,
            "gross": _MONEY,
            "discounts": _list(Discount, defs),
            "net": _MONEY,
            "tax": _TEXT,
            "paid_in_points": _MONEY,
            "earned": _list(LinePoints, defs),
            "stamps": _list(LineStamps, defs),
        },
        ["line", "qty", "gross", "discounts", "net", "tax"],
    )
    points = dict.fromkeys(_POINTS, _MONEY) | {"by_rule": _list(RulePoints, defs)}
    tier = _object(dict.fromkeys(("rule", "level", "level_after", "next_level", "basis", "missing"), _TEXT))
    reasons: Json = {"type": "array", "items": reason}
    totals = ("total", "goods_total", "delivery_total", "discount_total", "due")
    fields: Json = {
        "programme": _TEXT,
        "version": {"type": "integer"},
        "at": _TIME,
        **dict.fromkeys(totals, _MONEY),
        "lines": {"type": "array", "items": line},
        "tax": _list(TaxTotal, defs),
        "points": _object(points),
        "stamps": _list(StampsView, defs),
        "tier": {"type": "array", "items": tier},
        "gift_cards": _list(Owed, defs),
        "issued": _list(Grant, defs),
        "why": reasons,
        "offers": reasons,
        "refused": reasons,
        "effects": {"type": "array", "items": _plain(AnyEffect, defs)},
        "state_after": {"anyOf": [_plain(MemberState, defs), {"type": "null"}]},
    }
    decision = _object(fields | {"delivery_lines": {"type": "array", "items": _TEXT}}, list(fields))
    error = _object({"case": {"type": "integer"}, "path": _TEXT, "reason": _TEXT}, ["case", "path", "reason"])
    answers = [decision, _object({"error": error}, ["error"])]
    return {
        "$schema": DRAFT,
        "title": "Stempel price decision",
        "oneOf": answers,
        "$defs": dict(sorted(defs.items())),
    }


_POINTS = (
    "earned", "spent", "spent_value", "spendable", "spendable_value", "rewards",
    "balance_before", "balance_after",
)  # fmt: skip


def _object(properties: Json, required: list[str] | None = None) -> Json:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": required or [],
    }


def _list(kind: Any, defs: Json) -> Json:
    return {"type": "array", "items": _plain(kind, defs)}


def _plain(kind: Any, defs: Json) -> Json:
    """The schema of a value as `app.loyalty.plain` writes it."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_plain(part, defs) for part in get_args(kind)]}
    if origin is tuple:
        return {"type": "array", "items": _plain(get_args(kind)[0], defs)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _plain(get_args(kind)[1], defs)}
    if kind is type(None):
        return {"type": "null"}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
        if name not in defs:
            defs[name] = {}
            defs[name] = _plain_struct(kind, defs)
        return {"$ref": f"#/$defs/{name}"}
    if kind is int or kind is bool:
        return {"type": "integer" if kind is int else "boolean"}
    return _TEXT


def _plain_struct(
    kind: type[msgspec.Struct],
    defs: Json,
    rename: dict[str, str] | None = None,
    optional: set[str] | None = None,
) -> Json:
    properties: Json = {}
    required: list[str] = []
    config = kind.__struct_config__
    if config.tag is not None:
        properties[str(config.tag_field)] = {"const": config.tag}
        required.append(str(config.tag_field))
    for field in msgspec.structs.fields(kind):
        name, unit = split_unit(field.name)
        name = (rename or {}).get(name, name)
        empty = type(None) in get_args(field.type)
        schema = {"ms": _TIME}.get(unit, _MONEY) if unit else _plain(field.type, defs)
        properties[name] = {"anyOf": [schema, {"type": "null"}]} if empty and unit else schema
        if field.required and name not in (optional or set()):
            required.append(name)
    return _object(properties, required)


def publish(folder: Path) -> None:
    """Write all schemas into a folder."""
    schemas = {"programme": programme_schema, "price-case": case_schema, "price-decision": decision_schema}
    for name, make in schemas.items():
        body = json.dumps(make(), indent=2, ensure_ascii=False) + "\n"
        (folder / f"{name}.schema.json").write_text(body, "utf-8")


if __name__ == "__main__":
    publish(Path(sys.argv[1]))
