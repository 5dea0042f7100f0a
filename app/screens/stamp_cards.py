"""A member's stamp cards: what was there, what this sale gives, and the free piece at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.checkout.ports import Member
from app.loyalty.decision import Decision, StampsView
from app.loyalty.rules.stamps import StampsRule
from app.screens import views
from app.screens.views import Stamp
from app.texts import NBSP

if TYPE_CHECKING:
    from app.screens.showing import Shower

_ICONS: Final = {"coffee": "coffee"}
"""The picture in a stamp, by the category it is given for."""


def stamp_cards(show: Shower, member: Member, decision: Decision) -> tuple[views.StampCard, ...]:
    """A card for each stamp rule of the programme, as it will be after this sale."""
    shown = {card.rule: card for card in decision.stamps}
    cards: list[views.StampCard] = []
    for rule in show.till.programme.programme.rules:
        if isinstance(rule, StampsRule):
            have = member.state.card(rule.id)
            card = shown.get(rule.id) or StampsView(rule.id, have, 0, have, rule.size, 0)
            cards.append(_stamp_card(show, rule, card))
    return tuple(cards)


def _stamp_card(show: Shower, rule: StampsRule, card: StampsView) -> views.StampCard:
    have = max(card.have_before, 0)
    won = card.free_units > 0 or card.cards_filled > 0
    places = rule.size - 1 if rule.free else rule.size
    new = max(places - have, 0) if won else min(card.earned, max(places - have, 0))
    stamps = [Stamp.EARNED] * min(have, places) + [Stamp.NEW] * new
    stamps += [Stamp.EMPTY] * (places - len(stamps))
    if rule.free:
        stamps.append(Stamp.WON if won else Stamp.FREE)
    full = rule.size if won else min(have + new, rule.size)
    return views.StampCard(
        key=rule.id,
        name=rule.name.get(show.words.lang),
        progress=f"{full}{NBSP}/{NBSP}{rule.size}",
        stamps=tuple(stamps),
        icon=_icon(rule),
        free_price=f"0{show.words.scaled(5, 1)[1]}–",
    )


def _icon(rule: StampsRule) -> str:
    found = (_ICONS.get(category.partition("-")[0]) for category in rule.products.categories)
    return next((icon for icon in found if icon), "stamp")
