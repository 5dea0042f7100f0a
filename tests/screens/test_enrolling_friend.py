"""Enrolling a friend: who brought them is asked only where that gives something, and must be one member."""

from __future__ import annotations

import resources
from app.ledger.facts import MemberEnrolled
from app.loyalty.effects import Enrolled
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from app.screens import views
from tests.screens.conftest import Screen


def form(screen: Screen) -> views.Form:
    middle = screen.view.middle
    assert isinstance(middle, views.Form)
    return middle


def test_who_brought_a_friend_is_found_by_name_and_kept(screen: Screen) -> None:
    sale = screen.presenter
    sale.start_enrolment()
    assert [entry.key for entry in form(screen).entries] == ["phone", "name"]
    friends = resources.path("programmes", "gallery", "whole-mixed.yaml")
    screen.desk.till.use(compile_programme(load_programme(friends)))
    sale.type("name", "Jan Nowak")
    sale.type("friend", "nobody at all")
    assert (form(screen).problem, form(screen).presses[-1].enabled) != ("", True)
    lucja = screen.desk.member()
    person = screen.desk.reader.person(lucja)
    assert person is not None
    sale.type("friend", person.name)
    assert person.name in form(screen).note
    assert form(screen).problem == ""
    sale.take()
    begun = [fact for fact in screen.desk.facts() if isinstance(fact, MemberEnrolled)][-1]
    assert begun.effects == (Enrolled(begun.at_ms, str(lucja)),)
