"""Every programme of the gallery explains itself in three languages, and keeps no setting from customers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

import resources
from app.checkout.wording import terms_text
from app.loyalty.benefit import LotTerms
from app.loyalty.model import Names, Programme, Rule
from app.loyalty.programme import load_programme
from app.loyalty.reading import fields_of
from app.loyalty.rules import KINDS
from app.texts import LANGUAGES, WEEKDAYS, texts

FILES = sorted(resources.path("programmes").rglob("*.yaml"))


def said(programme: Programme, lang: str = "en") -> list[str]:
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in terms_text(texts(lang), programme)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_programme_explains_itself(file: Path, lang: str) -> None:
    programme = load_programme(file)
    lines = said(programme, lang)
    assert not any("{" in line for line in lines)
    for rule in programme.rules:
        at = lines.index(rule.name.get(lang))
        assert lines[at + 1].startswith("  "), f"{rule.id} says nothing"


def test_the_demo_programme_in_plain_polish() -> None:
    lines = said(load_programme(resources.path("programmes", "demo.yaml")), "pl")
    assert "  3 w cenie 2: najtańsze gratis" in lines
    assert "  Od 40,00 zł: rabat 10%" in lines
    assert "  Owoce: 2% wraca w punktach" in lines
    assert "  1 punkt to 0,01 zł" in lines


# -- nothing is kept back --------------------------------------------------------------------------------

INTERNAL = {
    "id", "kind", "group", "priority", "label", "weight", "cost", "budget.total", "budget.new_members",
    "event", "partner", "stock",
}  # fmt: skip
"""How a shop runs its programme, not what it promises; an event and a partner are in the rule's name."""
UNSAID = {
    # Only one of these is a rule's; the other has no say beside it.
    "tier": {"grace_days"},
    "referral": {"purchases"},
    "challenge": {"target", "repeat", "goal"},
}
"""Settings that mean nothing beside the others of the gallery's rule."""


def changed(kind: Any, value: Any) -> Any:
    """Another value of a field: the next number, another word, the other way round."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 100
    if isinstance(value, Fraction):
        return value / 2 or Fraction(1, 3)
    if isinstance(value, date):
        return value + timedelta(days=1)
    if get_origin(kind) is Literal:
        return next(each for each in get_args(kind) if each != value)
    if value in WEEKDAYS:
        return "sun" if value != "sun" else "mon"
    if isinstance(value, str):
        return f"{value}9"
    return None


def literal_of(kind: Any) -> Any:
    if get_origin(kind) is Literal:
        return kind
    return next((part for part in get_args(kind) if get_origin(part) is Literal), None)


def variants(struct: msgspec.Struct, path: str = "") -> Iterator[tuple[str, msgspec.Struct]]:
    """The struct with each of its settings changed in turn, by path; names of things are left alone."""
    for name, field in fields_of(type(struct)).items():
        value, here = getattr(struct, field.name), f"{path}{name}"
        if {name, here} & INTERNAL or isinstance(value, Names):
            continue
        if isinstance(value, msgspec.Struct):
            for inner, other in variants(value, f"{here}."):
                yield inner, msgspec.structs.replace(struct, **{field.name: other})
        elif isinstance(value, tuple) and value:
            for number, each in enumerate(value):
                others = (
                    variants(each, f"{here}[{number}].")
                    if isinstance(each, msgspec.Struct)
                    else [(f"{here}[{number}]", changed(None, each))]
                )
                for inner, other in others:
                    if other is not None:
                        more = (*value[:number], other, *value[number + 1 :])
                        yield inner, msgspec.structs.replace(struct, **{field.name: more})
        else:
            kind = literal_of(field.type) if isinstance(value, str) else field.type
            other = changed(kind if kind is not None else field.type, value)
            if value not in (None, "") and other is not None:
                yield here, msgspec.structs.replace(struct, **{field.name: other})


def rules() -> Iterator[tuple[Programme, int, Rule]]:
    for file in FILES:
        programme = load_programme(file)
        for number, rule in enumerate(programme.rules):
            yield programme, number, rule


@pytest.mark.parametrize(
    ("programme", "number", "rule"),
    [pytest.param(*each, id=f"{each[0].id}-{each[2].id}") for each in rules()],
)
def test_a_changed_setting_changes_what_customers_are_told(
    programme: Programme, number: int, rule: Rule
) -> None:
    before = said(programme)
    for path, other in variants(rule):
        if path.split(".")[0].split("[")[0] in UNSAID.get(rule.kind, ()):
            continue
        if path.startswith("lots.") and getattr(rule, "lots", None) == LotTerms():
            continue  # most of these rules give no points
        more = (*programme.rules[:number], other, *programme.rules[number + 1 :])
        after = said(msgspec.structs.replace(programme, rules=more))
        assert after != before, f"{rule.kind} {rule.id}: {path} is not said"


def test_every_kind_speaks_for_itself() -> None:
    told = {rule.kind for _, _, rule in rules()}
    assert told == set(KINDS)


CONDITIONS = {
    "max_discount: 20": "At most 20.00 zł off one receipt",
    "exclusive: true": "Does not add up with other discounts on these goods",
    "budget: {total: 500}": "While the budget of the offer lasts",
    "when: {weekdays: [mon, sat]}": "On: Monday, Saturday",
    "when: {hours: 08:00-11:30}": "Between 08:00–11:30",
    "when: {from: 2026-03-01}": "From 1 March 2026",
    "when: {until: 2026-03-31}": "Until 31 March 2026, that day included",
    "audience: {who: guests}": "Only without a member’s card",
    "audience: {tiers: [gold]}": "For the levels: Gold",
    "audience: {vip: [club]}": "For holders of: Club",
    "audience: {segments: [student]}": "For the customers: student",
    "audience: {stores: [w1, w2]}": "In the stores: w1, w2",
    "audience: {channels: [web]}": "Where: web",
    "audience: {birthday: {before: 1, after: 2, known_days: 30}}": "Until 2 days after your birthday",
    "products: {categories: [fruit], brands: [Bio], not: {tags: [sale]}}": "For: Fruit, brand Bio",
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_that_any_rule_may_have(condition: str) -> None:
    text = f"""
stempel: 1
id: t
version: 1
name: {{ru: а, pl: a, en: a}}
valid_from: 2026-01-01
currency: PLN
time_zone: Europe/Warsaw
categories: {{fruit: {{name: {{ru: Фрукты, pl: Owoce, en: Fruit}}}}}}
rules:
  - {{id: p, kind: price, name: {{ru: а, pl: a, en: a}}, percent: 5%, {condition}}}
  - {{id: club, kind: vip, name: {{ru: Клуб, pl: Klub, en: Club}}, products: {{skus: [C]}}, sold: true}}
  - id: t
    kind: tier
    name: {{ru: а, pl: a, en: a}}
    basis: spend
    levels: [{{id: gold, name: {{ru: Золото, pl: Złoto, en: Gold}}, from: 10, percent: 1%}}]
"""
    assert f"  {CONDITIONS[condition]}" in said(load_programme(text.encode()))


def test_a_floor_says_for_which_goods_it_is_and_for_which_not() -> None:
    text = """
stempel: 1
id: t
version: 1
name: {ru: а, pl: a, en: a}
valid_from: 2026-01-01
currency: PLN
time_zone: Europe/Warsaw
floors:
  - {share: 50%}
  - {products: {not: {brands: [Bio]}}, share: 80%}
  - {products: {skus: [A], not: {tags: [sale]}}, price: 2}
rules:
  - {id: p, kind: price, name: {ru: а, pl: a, en: a}, percent: 5%}
"""
    lines = [line.strip() for line in said(load_programme(text.encode()))]
    assert [line for line in lines if line.startswith("Never")] == [
        "Never below 50% of the price: everything",
        "Never below 80% of the price: everything, but not brand Bio",
        "Never below 2.00 zł: product no. A, but not marked “sale”",
    ]
