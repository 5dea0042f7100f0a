"""A programme file is taken whole or refused whole, with every error named by line, path and reason."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import resources
from app.loyalty.programme import ProgrammeProblems, check, load_programme
from tests.loyalty.support import HEAD, NAME, line, price, programme


def problems(text: str | bytes) -> list[tuple[int, str, str]]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(ProgrammeProblems) as caught:
        load_programme(data)
    assert all(problem.reason for problem in caught.value.problems)
    return [(p.line, p.path, p.reason) for p in caught.value.problems]


def rules(text: str) -> str:
    return HEAD + "rules:\n" + text.replace("NAME", NAME)


GOOD = "  - {id: a, kind: price, NAME, percent: 5%}\n"


def test_the_demo_programme_has_no_problem() -> None:
    assert check(resources.path("programmes", "demo.yaml")) == []


def test_every_problem_is_named_at_once() -> None:
    found = problems(
        rules(
            "  - {id: a, kind: price, NAME, percent: 120%}\n"
            "  - {id: b, kind: prise, NAME}\n"
            "  - {id: c, kind: stamps, NAME, size: many, fre: cheapest}\n"
        )
    )
    assert [(line, path) for line, path, _ in found] == [
        (10, "rules[0].percent"),
        (11, "rules[1].kind"),
        (12, "rules[2].fre"),
        (12, "rules[2].size"),
    ]
    assert "between 0 % and 100 %" in found[0][2]


def test_a_misspelt_key_gets_a_hint() -> None:
    with pytest.raises(ProgrammeProblems) as caught:
        load_programme(rules("  - {id: a, kind: price, NAME, percents: 5%}\n").encode())
    assert "did you mean 'percent'?" in str(caught.value)


def test_a_key_written_twice_is_a_problem_with_both_lines() -> None:
    found = problems(rules("  - id: a\n    kind: price\n    NAME\n    percent: 5%\n    percent: 6%\n"))
    assert found[0][:2] == (14, "rules[0].percent")
    assert "second time" in found[0][2]


def test_decimals_stay_exact_and_words_stay_words() -> None:
    text = rules(
        "  - {id: 'no', kind: price, NAME, amount: 0.10, products: {skus: [0123, no, 1e3, 22:30]}}\n"
    )
    rule = load_programme(text.encode()).rules[0]
    assert rule.id == "no"
    assert rule.products.skus == ("0123", "no", "1e3", "22:30")
    assert getattr(rule, "amount") == 10  # noqa: B009


@pytest.mark.parametrize("amount", ["NaN", ".inf", "1e3", "-1", "0", "0.001", "1,50", "9" * 19, "0x10", ""])
def test_amounts_that_are_not_exact_are_refused(amount: str) -> None:
    assert problems(rules(f"  - {{id: a, kind: price, NAME, amount: {amount!r}}}\n"))


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("kind: points, earn: {points: 1, per: 1}, lots: {expires: {days: %s}}", "lots.expires.days"),
        ("kind: points, earn: {points: 1, per: 1}, lots: {expires: {months: %s}}", "lots.expires.months"),
        (
            "kind: points, earn: {points: 1, per: 1}, lots: {expires: {idle_days: %s}}",
            "lots.expires.idle_days",
        ),
        ("kind: entitlement, uses: 1, products: {skus: [a]}, expires: {days: %s}", "expires.days"),
        ("kind: vip, term_days: %s", "term_days"),
        ("kind: come_back, steps: [{days: %s, percent: 5%%}]", "steps[0].days"),
        ("kind: stamps, size: 5, free: cheapest, expires_after_idle_days: %s", "expires_after_idle_days"),
    ],
)
def test_no_term_outlasts_a_century(rule: str, path: str) -> None:
    most = 1_200 if "months" in path else 36_600
    text = f"  - {{id: a, NAME, {rule}}}\n"
    found = problems(rules(text % (most + 1)))
    assert found == [(10, f"rules[0].{path}", f"{most + 1} is not between 1 and {most}")]
    price(programme(text % most), line("a", "10"))


def test_cyclic_categories_are_named() -> None:
    head = "categories:\n  a: {parent: b}\n  b: {parent: c}\n  c: {parent: a}\n"
    found = problems(HEAD + head + "rules:\n" + GOOD.replace("NAME", NAME))
    assert found[0][2] == "the category is above itself: a > b > c > a"


def test_an_unknown_category_is_named_where_it_stands() -> None:
    head = "categories: {tea: {}}\n"
    text = "  - id: a\n    kind: price\n    NAME\n    percent: 5%\n    products: {categories: [coffe]}\n"
    found = problems(HEAD + head + "rules:\n" + text.replace("NAME", NAME))
    assert found == [(15, "rules[0].products.categories", "there is no category 'coffe'")]


@pytest.mark.parametrize("name", ["Молочные продукты", "Nabiał (świeży)", "Tea & coffee", "7"])
def test_a_category_is_written_as_the_price_list_writes_it(name: str) -> None:
    rule = f"  - {{id: a, kind: price, NAME, percent: 10%, products: {{categories: ['{name}']}}}}\n"
    compiled = programme(rule, head=f"categories: {{Food: {{}}, '{name}': {{parent: Food}}}}\n")
    decision = price(compiled, line("1", "10.00", category=name), line("2", "10.00", category="Food"))
    assert decision.discount_minor == 1_00


@pytest.mark.parametrize("name", [r"a\nb", "x" * 65])
def test_a_category_is_one_line_of_a_bounded_length(name: str) -> None:
    rule = f'  - {{id: a, kind: price, NAME, percent: 5%, products: {{categories: ["{name}"]}}}}\n'
    assert "is not a category" in problems(rules(rule))[0][2]
    head = f'categories: {{"{name}": {{}}}}\n'
    assert "is not a name for this" in problems(HEAD + head + "rules:\n" + GOOD.replace("NAME", NAME))[0][2]


def test_an_id_used_twice_is_named() -> None:
    found = problems(rules(GOOD + GOOD))
    assert "used twice" in found[0][2]


def test_a_code_of_several_rules_is_named_at_each() -> None:
    code = "  - {id: %s, kind: promo_code, NAME, codes: [%s], give: {percent: 5%%}}\n"
    found = problems(rules(code % ("a", "ten, HUNDRED") + code % ("b", "TEN") + code % ("c", "own, Ten")))
    assert found == [
        (10, "rules[0].codes[0]", "the code 'ten' belongs to 'c' too"),
        (11, "rules[1].codes[0]", "the code 'TEN' belongs to 'c' too"),
        (12, "rules[2].codes[1]", "the code 'Ten' belongs to 'b' too"),
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "kind: price, percent: 5%",
        "kind: promo_code, codes: [a%d, b%d], give: {percent: 5%}",
        "kind: points, earn: {points: 1, per: 1}",
    ],
)
def test_a_rule_more_costs_no_look_at_all_the_others(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """How often the list of rules is gone through does not hang on how many they are."""
    monkeypatch.setattr(msgspec.structs, "replace", _watched(msgspec.structs.replace))
    looks: list[int] = []
    for count in (10, 20):
        Watched.looks = 0
        load_programme(
            rules(
                "".join(f"  - {{id: r{n}, NAME, {rule.replace('%d', str(n))}}}\n" for n in range(count))
            ).encode()
        )
        looks.append(Watched.looks)
    assert looks[0] == looks[1]


class Watched(tuple[Any, ...]):
    """Rules that count how often they are gone through."""

    looks = 0

    def __iter__(self) -> Iterator[Any]:
        Watched.looks += 1
        return super().__iter__()


def _watched(replace: Callable[..., Any]) -> Callable[..., Any]:
    return lambda struct, **fields: replace(
        struct, **{name: Watched(value) if name == "rules" else value for name, value in fields.items()}
    )


HELD = {
    "kind: vip": True,
    "kind: entitlement, uses: 1, products: {skus: [cut]}": True,
    "kind: come_back, steps: [{days: 3, percent: 5%}]": True,
    "kind: stamps, size: 5, reward: {percent: 5%}": True,
    "kind: stamps, size: 5, reward: {points: 5}": False,
    "kind: stamps, size: 5, free: cheapest": False,
    "kind: challenge, goal: receipts, target: 2, badge: true": True,
    "kind: challenge, goal: receipts, target: 2, give: {amount: 5}": True,
    "kind: challenge, goal: receipts, target: 2, give: {points: 5}": False,
    "kind: challenge, wheel: [{weight: 1, give: {gift: cup}}]": True,
    "kind: cashback, chosen: {categories: [tea], rate: 5%}": True,
    "kind: cashback, rate: 5%": False,
    "kind: welcome, give: {gift: cup}": True,
    "kind: welcome, give: {percent: 5%}": False,
    "kind: points, earn: {points: 1, per: 1}": False,
    "kind: tier, basis: spend, levels: [{id: g, NAME, from: 1, percent: 5%}]": False,
    "kind: reward, items: [{id: cup, NAME, points: 5}]": False,
    "kind: price, percent: 5%": False,
}


@pytest.mark.parametrize("rule", HELD)
def test_holders_are_of_a_rule_that_gives_something_to_hold(rule: str) -> None:
    text = rules(f"  - {{id: h, NAME, {rule}}}\n{GOOD.replace('5%', '5%, audience: {vip: [h]}')}")
    if HELD[rule]:
        load_programme(text.encode())
    else:
        found = problems(text)
        assert found == [(11, "rules[1].audience.vip", "the rule 'h' gives nothing that anyone could hold")]


def test_one_group_does_not_mix_lines_and_receipts() -> None:
    threshold = "  - {id: b, kind: threshold, NAME, group: line, steps: [{from: 10, give: {percent: 5%}}]}\n"
    found = problems(rules(GOOD + threshold))
    assert "mixes" in found[0][2]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "empty"),
        (b"a: [", "not YAML"),
        (b"\xff\xfe", "UTF-8"),
        (b"a: &x 1\nb: *x\n", "anchors"),
        (b"a: !!python/object:os.system x\n", "tag"),
        (b"- a\n", "mapping"),
        (b"a: 1\n---\nb: 2\n", "second document"),
        (b"[" * 100, "deeper"),
        (b"x" * 2_000_001, "bytes"),
        (b"{a: b}: c\n", "plain word"),
        (b"a: \x00\n", "not YAML"),
    ],
)
def test_what_is_no_programme_at_all_says_so(text: bytes, word: str) -> None:
    assert word in problems(text)[0][2]


def test_a_huge_file_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert "bytes" in check(path)[0].reason


def test_an_empty_file_lists_what_is_missing() -> None:
    missing = {reason for _, _, reason in problems("version: 1\n")}
    assert {
        "'id' is missing",
        "'currency' is missing",
        "'rules' must be a list with at least one rule",
    } <= missing


@given(st.binary(max_size=200))
def test_no_bytes_get_more_than_an_answer(data: bytes) -> None:
    with pytest.raises(ProgrammeProblems):
        load_programme(data)


PIECES = st.sampled_from(
    ["kind: price", "id: a", "percent: 5%", "a: b", "- x", "{", "}", "[", "]", ":", "'", '"', "|", ">", "\n",
     "  ", "~", "&a", "*a", "!!x", "%", "#", "rules:", "when: {hours: 8:00-9:00}", "?",
     "products: {not: {skus: [1]}}"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12), st.integers(0, 2))
def test_no_heap_of_pieces_gets_more_than_an_answer(pieces: list[str], place: int) -> None:
    heap = " ".join(pieces)
    text = [HEAD + "rules:\n  - " + heap, HEAD + heap + "\nrules: []\n", rules(GOOD) + heap][place]
    with contextlib.suppress(ProgrammeProblems):
        load_programme(text.encode())
