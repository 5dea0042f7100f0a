"""A sale that no fiscal device registered is registered afterwards: once, by a manager, whatever fails."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.checkout.basket import Stage
from app.checkout.outcome import Outcome
from app.checkout.rights import Approval, Role, Staff
from app.ledger.facts import FiscalCorrected, Privileged, SaleCompleted, correction_id
from hardware.simulated.fiscal import POLISH, SimulatedFiscal, Trouble
from tests.support.outside import COFFEE, LATTE, Counter

MANAGER = Approval("olga", Role.MANAGER)


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    """A till that sold without a device, and has one now; something is in the basket."""
    made = Counter(tmp_path / "till", terminal=False)
    made.scan(LATTE)
    made.in_cash(12_00)
    made.fiscal = True
    made.register.open_shift("Anna")
    made.restart()
    made.scan(COFFEE)
    yield made
    made.desk.close()


def first(counter: Counter) -> SaleCompleted:
    return counter.sales[0]


def correct(counter: Counter, **more: object) -> Outcome:
    answers: list[Outcome] = []
    values = {"reason": "not registered", "answer": answers.append, **more}
    counter.desk.till.correcting.correct(first(counter).id, **values)  # type: ignore[arg-type]
    return answers[0]


def corrections(counter: Counter) -> list[FiscalCorrected]:
    return [fact for fact in counter.facts() if isinstance(fact, FiscalCorrected)]


def test_it_is_registered_with_the_devices_number(counter: Counter) -> None:
    assert correct(counter).code == "registering"
    assert counter.codes == ["fiscal_corrected"]
    (document,) = counter.register.documents
    assert (document.kind, document.amount_minor) == ("correction", 12_00)
    (fact,) = corrections(counter)
    assert (fact.fiscal, fact.amount_minor, fact.reason) == (document.number, 12_00, "not registered")
    (act,) = (fact for fact in counter.facts() if isinstance(fact, Privileged))
    assert (act.act, act.subject) == ("fiscal_correction", first(counter).id)
    assert len(counter.desk.till.sale.lines) == 1, "the basket in hand stays"


def test_only_once(counter: Counter) -> None:
    correct(counter)
    assert correct(counter).code == "fiscal_there"
    counter.restart()
    assert correct(counter).code == "fiscal_there"
    assert len(counter.register.documents) == 1


def test_a_registered_sale_is_none_of_its_business(counter: Counter) -> None:
    counter.in_cash(18_90)
    answers: list[Outcome] = []
    counter.desk.till.correcting.correct(counter.sales[1].id, reason="x", answer=answers.append)
    assert answers[0].code == "fiscal_there"
    counter.desk.till.correcting.correct(uuid.uuid4(), reason="x", answer=answers.append)
    assert answers[1].code == "sale_unknown"


def test_a_manager_decides_and_says_why(counter: Counter) -> None:
    heart = counter.desk.till.heart
    heart.staffed, heart.who = True, Staff(id="anna", name="Anna", role=Role.SENIOR)
    assert correct(counter, reason=" ").code == "reason_missing"
    assert correct(counter).code == "needs_approval"
    assert correct(counter, approval=MANAGER).code == "registering"
    assert [(fact.cashier, fact.approved_by) for fact in corrections(counter)] == [("anna", "olga")]


def test_a_device_that_takes_none_is_not_asked(counter: Counter) -> None:
    counter.register = SimulatedFiscal(POLISH)
    counter.device.driver = counter.register
    assert correct(counter).code == "fiscal_no_corrections"
    assert counter.register.documents == []


def test_refused_it_is_as_it_was(counter: Counter) -> None:
    counter.register.trouble = Trouble.PAPER_OUT
    correct(counter)
    assert counter.codes == ["fiscal_paper_out"]
    assert corrections(counter) == []
    assert counter.desk.till.sale.stage is Stage.OPEN
    counter.register.trouble = Trouble.NONE
    correct(counter)
    assert len(corrections(counter)) == len(counter.register.documents) == 1


@pytest.mark.parametrize("trouble", [Trouble.GONE_BEFORE, Trouble.GONE_AFTER])
def test_what_nobody_knows_is_asked_and_never_requested_again(counter: Counter, trouble: Trouble) -> None:
    counter.register.trouble = trouble
    correct(counter)
    till = counter.desk.till
    assert counter.codes == ["fiscal_unknown"]
    assert till.registering
    assert till.scan(LATTE).code == "tender_open", "nothing is sold beside it"
    counter.restart()
    assert counter.codes == ["fiscal_unknown"], "still away"
    counter.register.trouble = Trouble.NONE
    counter.desk.world.ms += 6000
    counter.desk.till.remind()
    happened = trouble is Trouble.GONE_AFTER
    assert counter.codes[-1] == ("fiscal_corrected" if happened else "fiscal_not_registered")
    assert len(corrections(counter)) == len(counter.register.documents) == int(happened)
    assert counter.desk.till.sale.stage is Stage.OPEN
    assert len(counter.desk.till.sale.lines) == 1


@pytest.mark.parametrize("registered", [True, False])
def test_a_device_gone_for_good_leaves_the_word_to_the_cashier(counter: Counter, registered: bool) -> None:
    counter.register.trouble = Trouble.GONE_AFTER
    correct(counter)
    counter.fiscal = False
    counter.restart()
    counter.desk.till.settle_fiscal(registered=registered, answer=counter.heard.append)
    assert [fact.fiscal for fact in corrections(counter)] == (["by_hand"] if registered else [])
    assert counter.desk.till.sale.stage is Stage.OPEN


def test_the_corrections_id_is_the_sales_own() -> None:
    sale = uuid.UUID("01923456-789a-7bcd-8ef0-123456789abc")
    made = correction_id(sale)
    assert made == correction_id(sale) != sale
    assert (made.version, made.variant, made.bytes[:6]) == (7, uuid.RFC_4122, sale.bytes[:6])
