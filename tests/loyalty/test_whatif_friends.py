"""What-if pays who brought whom: as far as the log knows it, and within the rule's limit."""

from __future__ import annotations

from app.loyalty.whatif.replay import what_if
from app.loyalty.whatif.sales import Sales, collect
from tests.loyalty.support import programme
from tests.loyalty.test_whatif import BREAD, IN_FORCE, SPEND_NOTHING, rule, sale

REFERRAL = (
    "  - {id: r, kind: referral, NAME, referrer_points: 10, friend_points: 5, cap_per_month: 1}\n"
    "  - {id: points, kind: points, NAME, redeem: {value: 0.01}}\n"
)
FRIENDS = {"bartek": "anna", "celina": "anna", "dorota": "nobody we know"}


def year(referred_by: dict[str, str] | None = None) -> Sales:
    past = [
        sale("s0", "2026-01-02 10:00", (BREAD, 1, 400), member="anna"),
        *(
            sale(f"s{day}", f"2026-02-{day} 10:00", (BREAD, 1, 400), member=member)
            for day, member in ((10, "bartek"), (11, "celina"), (12, "dorota"), (13, "bartek"))
        ),
    ]
    return collect(past, None, referred_by)


def test_friends_and_whoever_brought_them_are_in_the_figures() -> None:
    result = what_if(programme(REFERRAL), IN_FORCE, year(FRIENDS), SPEND_NOTHING)
    figures = rule(result.draft, "r")
    # bartek and celina 5 each, anna 10 for the first of the two: one a month
    assert (figures.all.earned_centi, figures.all.receipts) == (2_000, 2)
    assert result.draft.totals.owed_centi == 2_000
    assert result.draft.totals.earned_centi == 2_000


def test_without_a_word_of_who_brought_whom_nobody_is_paid() -> None:
    result = what_if(programme(REFERRAL), IN_FORCE, year(), SPEND_NOTHING)
    assert rule(result.draft, "r").all.earned_centi == 0
