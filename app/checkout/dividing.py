"""What comes back, divided over what paid it: gift cards get back what they paid, money what is left.

All by running totals over what was given back before: returned in parts, each means gets in the end exactly
what it paid, whatever was rounded on the way, and never more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from app.checkout.cash import rounded_minor, step_minor
from app.checkout.shop import Shop
from app.ledger.facts import SaleCompleted, SaleRefunded, SoldLine
from app.values import div_round


class Divided(NamedTuple):
    """What goes back: to gift cards (code, amount), and in money on a card or in cash, either of them."""

    gift_cards: tuple[tuple[str, int], ...]
    money_minor: int
    cash_minor: int


def divided(
    sale: SaleCompleted, lines: Sequence[SoldLine], earlier: Sequence[SaleRefunded], shop: Shop
) -> Divided:
    """How these lines of a sale go back, after its earlier refunds."""
    before = [line for refund in earlier for line in refund.lines]
    sold = [line for line in sale.lines if line.net_minor >= 0]
    given, in_money_minor = Counter[str](), 0
    for tender in (tender for refund in earlier for tender in refund.tenders):
        if tender.means == "gift_card":
            given[tender.reference] += tender.amount_minor
        else:
            in_money_minor += tender.amount_minor
    worth_minor = _worth(lines)
    cards = _cards(sale, _to_cards(sold), _to_cards((*before, *lines)), given, worth_minor)
    on_cards_minor = given.total() + sum(amount for _, amount in cards)
    paid_minor = sum(tender.amount_minor for tender in sale.tenders if tender.means == "gift_card")
    all_minor = _worth(sold) - paid_minor
    so_far_minor = _worth(before) + worth_minor - on_cards_minor
    # The rounding of cash goes back with the goods, like everything else that was paid for them.
    share_minor = div_round(sale.rounding_minor * so_far_minor, all_minor) if all_minor > 0 else 0
    open_minor = max(so_far_minor - share_minor - in_money_minor, 0)
    most_minor = all_minor - sale.rounding_minor - in_money_minor
    cash_minor, step = rounded_minor(open_minor, shop), step_minor(shop)
    if cash_minor > most_minor:
        cash_minor = open_minor // step * step
    return Divided(tuple((code, amount) for code, amount in cards if amount), open_minor, cash_minor)


def _cards(
    sale: SaleCompleted, whole_minor: int, so_far_minor: int, given: Counter[str], most_minor: int
) -> list[tuple[str, int]]:
    """What goes back to each card, rounded on their running total: to the cent what they paid in all."""
    back: list[tuple[str, int]] = []
    before = 0
    for tender in sale.tenders:
        if tender.means != "gift_card" or whole_minor <= 0:
            continue
        after = before + tender.amount_minor
        owed = div_round(after * so_far_minor, whole_minor) - div_round(before * so_far_minor, whole_minor)
        amount_minor = min(max(owed - given[tender.reference], 0), most_minor)
        back.append((tender.reference, amount_minor))
        before, most_minor = after, most_minor - amount_minor
    return back


def _worth(lines: Sequence[SoldLine]) -> int:
    """What lines are worth beside the points that paid for them."""
    return sum(line.net_minor - line.points_minor for line in lines)


def _to_cards(lines: Sequence[SoldLine]) -> int:
    """The part of it that a gift card can have paid: none pays for another, nor what lowers the sum."""
    return _worth([line for line in lines if line.apart != "gift_card"])
