"""What the engine may know of the moment: when, where, for whom, and what was presented."""

from __future__ import annotations

from app.checkout.basket import OpenSale
from app.checkout.birthdays import birthday_of
from app.checkout.ports import Member, Sales
from app.checkout.shop import Shop
from app.ledger.budgets import left_of, limits_of
from app.loyalty.basket import Code, Context, GiftCard, Redeem
from app.loyalty.engine import Compiled


def context_of(
    sale: OpenSale,
    member: Member | None,
    sales: Sales,
    shop: Shop,
    at_ms: int,
    budgets: dict[str, int],
    *,
    paying: bool,
) -> Context:
    """The context of an open sale; `sales` says how often its codes were used, `budgets` what is left."""
    person = member.person if member else None
    return Context(
        at_ms=at_ms,
        store=shop.store,
        till=shop.till,
        sale_id=str(sale.id),
        member_id=str(sale.member) if sale.member else "",
        redeem=Redeem(
            points_centi=sale.redeem,
            gift_cards=tuple(GiftCard(held.code, held.balance_minor) for held in sale.gift_cards),
            rewards=sale.rewards,
            entitlements=sale.uses,
        ),
        points_limit_centi=sale.redeem_cap_centi,
        time_zone=shop.time_zone,
        codes=tuple(_code(code, sale, sales) for code in sale.codes),
        birthday=birthday_of(person),
        segments=person.segments if person else (),
        budgets=budgets,
        paying=paying,
    )


def budgets_left(programme: Compiled, sales: Sales) -> dict[str, int]:
    """What is left of the programme's budgets and stocks, for the engine (`app.ledger.budgets`)."""
    return left_of(programme, sales.spent()) if limits_of(programme) else {}


def _code(code: str, sale: OpenSale, sales: Sales) -> Code:
    used, by_member = sales.code_used(code, sale.member)
    said = next((issued for issued in sale.issued if issued.code == code), None)
    if said is None:
        return Code(code, used=used, used_by_member=by_member)
    return Code(code, said.rule, said.issued_at_ms, used, by_member)
