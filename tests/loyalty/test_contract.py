"""`stempel price`: decimal strings in and out, a life run through a pipe, and no case without an answer."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.loyalty.contract import Contract, price
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.plain import PlainProblem, load
from app.loyalty.refund import refund
from tests.loyalty.cases import case
from tests.loyalty.support import programme
from tests.loyalty.test_demo import DEMO

LATTE = {
    "line": "1",
    "sku": "1006",
    "category": "coffee-drinks",
    "qty": "1",
    "unit_price": "12.00",
    "tax": "8%",
}


def a_case(**more: Any) -> dict[str, Any]:
    return {
        "at": "2026-01-15T12:00:00+01:00",
        "store": "w1",
        "till": "2",
        "sale": "s1",
        "member": {"id": "m1", "state": {}},
        "basket": [LATTE],
        **more,
    }


def ask(contract: Contract, **more: Any) -> dict[str, Any]:
    return json.loads(json.dumps(contract.answer(json.dumps(a_case(**more)))))


def refused(**more: Any) -> str:
    with pytest.raises(PlainProblem) as caught:
        Contract(DEMO).answer(json.dumps(a_case(**more)))
    return str(caught.value)


def test_figures_are_decimal_strings() -> None:
    answer = ask(Contract(DEMO))
    assert (answer["total"], answer["goods_total"], answer["discount_total"]) == ("12.00", "12.00", "0.00")
    assert answer["lines"] == [
        {
            "line": "1", "qty": "1", "gross": "12.00", "discounts": [], "net": "12.00", "tax": "8%",
            "earned": [{"rule": "points", "amount": "12"}],
            "stamps": [{"rule": "coffee-card", "delta": 1}],
        }
    ]  # fmt: skip
    assert answer["points"]["earned"] == "12"
    assert answer["tier"] == [
        {
            "rule": "tier",
            "level": "",
            "level_after": "",
            "next_level": "silver",
            "basis": "spend",
            "missing": "488.00",
        }
    ]


def test_a_life_runs_through_a_pipe_and_the_sixth_coffee_is_free() -> None:
    contract, state, totals = Contract(DEMO), {}, []
    for visit in range(1, 8):
        answer = ask(contract, sale=f"s{visit}", member={"id": "m1", "state": state})
        state = answer["state_after"]
        totals.append(answer["total"])
    assert totals == ["12.00"] * 5 + ["0.00", "12.00"]
    assert sum(float(lot["amount"]) for lot in state["lots"]) == 72


def test_a_refund_goes_through_the_same_contract() -> None:
    contract = Contract(DEMO)
    sold = ask(contract)
    back = ask(contract, refund_of=sold, member={"id": "m1", "state": sold["state_after"]}, sale="r1")
    assert (back["total"], back["due"], back["points"]["earned"]) == ("-12.00", "-12.00", "-12")
    assert back["state_after"] == {}


def test_two_half_refunds_are_the_whole_one() -> None:
    contract = Contract(DEMO)
    sold = ask(contract, basket=[{**LATTE, "qty": "0.333", "unit_price": "9.99", "category": "fruit"}])
    one = ask(contract, refund_of=sold, basket=[{"line": "1", "qty": "0.111"}])
    two = ask(contract, refund_of=sold, basket=[{"line": "1", "qty": "0.222"}], refunded={"1": "0.111"})
    cents = [round(float(part["total"]) * 100) for part in (one, two, sold)]
    assert cents[0] + cents[1] == -cents[2]


def test_a_decision_survives_the_round_trip_for_its_refund() -> None:
    for seed in range(settings().max_examples):
        rules, state, basket, context = case(seed)
        compiled = compile_programme(rules)
        contract = Contract(compiled)
        sold = evaluate(compiled, state, basket, context, explain=True)
        read = contract.read_decision(load(json.dumps(contract.decision(sold))))
        whole = {line.id: line.qty_milli for line in basket.lines}
        back, again = (refund(each, whole, at_ms=context.at_ms, state=state) for each in (sold, read))
        assert contract.decision(again) == contract.decision(back)


def test_what_cannot_be_read_is_answered_in_its_place() -> None:
    lines = [json.dumps(a_case()), "{", json.dumps(a_case(basket=[{"line": "1"}])), json.dumps(a_case())]
    out = io.BytesIO()
    errors = price(io.BytesIO("\n".join(lines).encode()), out, DEMO)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert errors == 2
    assert ["error" in answer for answer in answers] == [False, True, True, False]
    assert answers[2]["error"] == {"case": 3, "path": "basket[0].sku", "reason": "this is missing"}


NEW_YEAR = "2026-01-01T00:00:00Z"
LOT = {"id": "x", "rule": "r", "amount": "5", "earned_at": NEW_YEAR}


def test_a_leap_day_is_a_birthday_and_an_empty_debt_or_lot_is_none() -> None:
    birthday = {"month": 2, "day": 29, "known_since": NEW_YEAR}
    state = {"debt": "0", "lots": [{**LOT, "amount": "0"}]}
    answer = ask(Contract(DEMO), member={"birthday": birthday, "state": state})
    assert answer["points"]["balance_before"] == "0"


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"basket": [{**LATTE, "qty": "-1"}]}, "basket[0].qty"),
        ({"basket": [{**LATTE, "unit_price": "-1"}]}, "basket[0].unit_price"),
        ({"basket": [{**LATTE, "unit_price": "1.999"}]}, "decimal places"),
        ({"basket": [{**LATTE, "unit_price": float("nan")}]}, "NaN"),
        ({"basket": [{**LATTE, "qty": "1e9"}]}, "plain decimal"),
        ({"basket": [{**LATTE, "qty": "1000000000", "unit_price": "99999999"}]}, "worth more"),
        ({"basket": [LATTE, LATTE]}, "same name"),
        ({"basket": {}}, "a list"),
        ({"at": "2026-01-15T12:00:00"}, "at:"),
        ({"at": "yesterday"}, "at:"),
        ({"at": "1969-01-15T12:00:00Z"}, "1970"),
        ({"membr": None}, "membr"),
        ({"member": {"id": "m", "state": {"lots": [{"id": "x"}]}}}, "member.state.lots[0].rule"),
        ({"member": {"id": "m", "state": {"stamps": {"a": {"have": "many"}}}}}, "whole number"),
        ({"redeem": {"points": "-5"}}, "redeem.points"),
        ({"member": {"id": "m", "state": []}}, "member.state"),
        ({"redeem": ""}, "redeem"),
        ({"budgets": 0}, "budgets"),
        ({"redeem": {"points": "5.001"}}, "redeem.points"),
        ({"codes": [7]}, "codes[0]"),
        ({"refund_of": {"lines": []}}, "refund_of.at"),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
        ({"member": {"state": {"debt": "-5"}}}, "member.state.debt"),
        ({"member": {"state": {"lots": [{**LOT, "amount": "-0.01"}]}}}, "member.state.lots[0].amount"),
        ({"member": {"birthday": {"month": 2, "day": 30, "known_since": NEW_YEAR}}}, "member.birthday"),
        ({"member": {"birthday": {"month": 13, "day": 1, "known_since": NEW_YEAR}}}, "member.birthday"),
        ({"refunded": {"1": "1"}}, "refund_of is missing"),
    ],
)
def test_bad_cases_say_where_and_why(more: dict[str, Any], word: str) -> None:
    assert word in refused(**more)


@pytest.mark.parametrize(
    "case",
    [
        b'{"sale": "\\ud800", "at": "2026-01-15T12:00:00Z", "basket": []}',
        b'{"budgets": {"\\udc00": "1"}, "at": "2026-01-15T12:00:00Z", "basket": []}',
        b'{"sale": "\xed\xa0\x80", "at": "2026-01-15T12:00:00Z", "basket": []}',
        '{"at": "2026-01-15T12:00:00Z", "basket": []}'.encode("utf-16"),
    ],
)
def test_text_that_could_not_be_written_again_is_refused(case: bytes) -> None:
    with pytest.raises(PlainProblem, match="UTF-8"):
        Contract(DEMO).answer(case)


def test_whole_pairs_of_surrogates_are_letters() -> None:
    assert load('{"a": ["\\ud83c\\udf6a"]}') == {"a": ["🍪"]}


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(PlainProblem, match="twice"):
        Contract(DEMO).answer('{"at": "2026-01-15T12:00:00Z", "at": "2026-01-15T12:00:00Z", "basket": []}')


def test_a_billion_units_are_priced_at_once() -> None:
    bundle = programme("  - {id: b, kind: bundle, NAME, n_for_m: {take: 3, pay: 2}}\n")
    answer = ask(Contract(bundle), basket=[{**LATTE, "qty": "1000000000", "unit_price": "0.03"}])
    assert answer["discount_total"] == "9999999.99"


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["1", "0", "-1", "NaN", "1e9", "9" * 19, "2026-01-01T00:00:00Z", "max", ""]),
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = [
    "at",
    "member",
    "basket",
    "codes",
    "redeem",
    "refund_of",
    "refunded",
    "sale",
    "points_limit",
    "budgets",
]
LINE_KEYS = ["line", "sku", "qty", "unit_price", "category", "tags", "tax", "brand"]


@given(st.sampled_from(KEYS), st.sampled_from(LINE_KEYS), JSON, JSON)
def test_no_case_gets_more_than_an_answer_or_a_reason(key: str, field: str, value: Any, inside: Any) -> None:
    contract = Contract(DEMO)
    sold = contract.answer(json.dumps(a_case()))
    for text in (
        json.dumps(a_case(**{key: value})),
        json.dumps(a_case(basket=[{**LATTE, field: inside}])),
        json.dumps(a_case(member={"id": "m", "state": {"lots": inside, "counters": value}})),
        json.dumps(a_case(refund_of={**sold, "lines": inside, "effects": value})),
    ):
        try:
            answer = contract.answer(text)
        except PlainProblem as problem:
            assert problem.reason  # noqa: PT017
        else:
            assert answer["total"]


@given(st.binary(max_size=120))
def test_no_bytes_get_more_than_a_reason(data: bytes) -> None:
    out = io.BytesIO()
    price(io.BytesIO(data), out, DEMO)
    assert all("error" in json.loads(line) for line in out.getvalue().splitlines())


def test_a_line_of_nothing_counts_for_nothing() -> None:
    """It stands in the answer with zeros, and the receipt, its stamps and its life are as without it."""
    contract = Contract(DEMO)
    nothing = {**LATTE, "line": "2", "qty": "0"}
    alone = ask(contract, basket=[nothing])
    assert (alone["total"], alone["effects"], alone["state_after"]) == ("0.00", [], {})
    assert alone["lines"][0]["qty"] == "0"
    beside, without = ask(contract, basket=[LATTE, nothing]), ask(contract)
    assert beside["lines"][0] == without["lines"][0]
    assert beside["state_after"] == without["state_after"]
