"""Sentences about a programme's terms: what kinds of rule say of themselves, as message ids with parameters.

Each kind states its own terms beside its rules (`Kind.terms`); what all kinds share is said here and in
`app.loyalty.terms`. The texts are resources/texts/terms.{ru,pl,en}.yaml, prefix `terms.`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

import msgspec

from app.loyalty.benefit import Expiry, LotTerms, benefit_params, benefit_word, percent_text
from app.loyalty.decision import Param
from app.loyalty.model import Benefit, BirthdayWindow, Filter, Goods, Names, Programme

Said = Iterator["Term"]


class Term(msgspec.Struct, frozen=True):
    """One sentence, or a part of one."""

    code: str
    """Its id in the catalogue, without the prefix `terms.`."""
    params: dict[str, Param] = {}
    """As a reason's: `*_minor`, `*_centi`, `percent`, `times`, `date` and `weekdays` become texts by their
    name, `n` chooses the plural form."""
    names: dict[str, Names] = {}
    """Parameters that are names in each language."""
    parts: dict[str, tuple[Term, ...]] = {}
    """Parameters that are lists of other sentences' parts."""


def say(
    code: str,
    /,
    *,
    names: Mapping[str, Names] | None = None,
    parts: Mapping[str, Iterable[Term]] | None = None,
    **params: Param,
) -> Term:
    """A sentence."""
    made = {key: tuple(terms) for key, terms in (parts or {}).items()}
    return Term(code, params, dict(names or {}), made)


def joined(names: Iterable[Names]) -> Names:
    """Several names as one list."""
    every = list(names)
    return Names(*(", ".join(name.get(lang) for name in every) for lang in ("ru", "pl", "en")))


def plain(text: str) -> Names:
    """A name that is the same in every language."""
    return Names(text, text, text)


def categories(programme: Programme, ids: Iterable[str]) -> Names:
    """Categories by their names; by what their ids say where they have none."""
    known = programme.categories
    return joined(
        category.name if (category := known.get(id)) and category.name else plain(id.replace("-", " "))
        for id in ids
    )


def goods(programme: Programme, filter: Goods) -> list[Term]:
    """Which goods are meant, as parts; empty where all are."""
    parts: list[Term] = []
    if filter.categories:
        parts.append(say("of_categories", names={"list": categories(programme, filter.categories)}))
    for code, values in (("of_brands", filter.brands), ("of_skus", filter.skus), ("of_tags", filter.tags)):
        if values:
            parts.append(say(code, list=", ".join(values)))
    return parts


def some(programme: Programme, filter: Filter) -> list[Term]:
    """Goods as part of a sentence: "anything" where all are meant, with what is left out."""
    named = goods(programme, filter) or [say("of_any")]
    left_out = goods(programme, filter.not_)
    return [*named, say("but_not", parts={"goods": left_out})] if left_out else named


def about(programme: Programme, filter: Filter, code: str = "goods") -> Said:
    """Sentences that say which goods a rule is about; none where it is about all of them."""
    if named := goods(programme, filter):
        yield say(code, parts={"goods": named})
    if left_out := goods(programme, filter.not_):
        yield say(f"{code}_except", parts={"goods": left_out})


def gives(give: Benefit, prefix: str = "", **params: Param) -> Term:
    """What a benefit is."""
    return Term(f"{prefix}gives_{benefit_word(give)}", {**params, **benefit_params(give)})


def min_receipt(minor: int) -> Said:
    if minor:
        yield say("min_receipt", amount_minor=minor)


def lots(terms: LotTerms, *, where: bool = True) -> Said:
    """When points may be spent, and until when; `where` the rule gives points at all."""
    if not where:
        return
    if terms.spendable_after_days:
        yield say("spendable_after", n=terms.spendable_after_days)
    yield from expiry(terms.expires)
    if terms.expires is not None and terms.expires.idle_days is not None:
        yield say("valid_idle", n=terms.expires.idle_days)


def expiry(expires: Expiry | None) -> Said:
    if expires is None:
        return
    end = "_end" if expires.to_month_end else ""
    if expires.days is not None:
        yield say(f"valid_days{end}", n=expires.days)
    if expires.months is not None:
        yield say(f"valid_months{end}", n=expires.months)


def birthday_window(window: BirthdayWindow) -> Said:
    """Days around a birthday."""
    if not window.before and not window.after:
        yield say("birthday_day")
    if window.before:
        yield say("birthday_before", n=window.before)
    if window.after:
        yield say("birthday_after", n=window.after)
    if window.known_days:
        yield say("birthday_known", n=window.known_days)


def counted_on(base: str, round_to: str) -> Said:
    """Which sum points are counted on, and how they are rounded."""
    yield say(f"base_{base}")
    if round_to != "hundredth":
        yield say(f"round_{round_to}")


def percent(rate: Fraction) -> str:
    return percent_text(rate)


def factor(rate: Fraction) -> str:
    """A multiplier as a plain decimal: 3/2 is "1.5"."""
    return percent_text(rate / 100)
