"""Ringing up at the sale screen's presenter, over a real till, database and programme."""

from __future__ import annotations

from app.screens import views
from app.screens.views import Action, Tone
from tests.screens.acts import APPLES, COFFEE, GOLD, LATTE, SILVER, tap, type_keys
from tests.screens.conftest import Screen


class TestRinging:
    def test_a_scan_is_a_line_selected_and_priced(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        (line,) = screen.view.basket.lines
        assert (line.name, line.quantity, line.price, line.was) == (
            "Latte to go",
            "1\xa0×\xa012.00",
            "12.00",
            "",
        )
        assert screen.view.basket.selected == line.key
        assert screen.view.total == views.Total("12.00", "zł", items="1 item", payable=True)
        assert screen.view.notice == views.Notice(Tone.WELL, "Latte to go")

    def test_an_unknown_code_says_what_to_do_and_changes_nothing(self, screen: Screen) -> None:
        screen.presenter.scan("5900000000008")
        assert screen.view.notice.tone is Tone.CAUTION
        assert "5900000000008" in screen.view.notice.text
        assert screen.view.basket.lines == ()

    def test_what_is_sold_by_weight_asks_for_it(self, screen: Screen) -> None:
        screen.presenter.scan(APPLES)
        assert isinstance(screen.view.middle, views.Quantity)
        assert not screen.view.middle.ready
        type_keys(screen, "0,642")
        assert screen.view.middle == views.Quantity(
            "Gala apples, loose", "29.90\xa0zł / kg", "kg", "0.642", ready=True
        )
        screen.presenter.take()
        (line,) = screen.view.basket.lines
        assert (line.quantity, line.price) == ("0.642\xa0×\xa029.90", "19.20")
        assert isinstance(screen.view.middle, views.Favourites)

    def test_the_next_scan_does_not_wait_for_the_weight(self, screen: Screen) -> None:
        screen.presenter.scan(APPLES)
        screen.presenter.scan(LATTE)
        assert isinstance(screen.view.middle, views.Favourites)
        assert len(screen.view.basket.lines) == 2

    def test_quantity_by_steps_and_by_keypad(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.step_quantity(1)
        assert screen.view.basket.quantity == "2"
        screen.presenter.ask_quantity()
        type_keys(screen, "12")
        screen.presenter.take()
        assert screen.view.basket.lines[0].quantity == "12\xa0×\xa012.00"

    def test_one_less_than_one_takes_the_line_out(self, screen: Screen) -> None:
        screen.presenter.scan(LATTE)
        screen.presenter.step_quantity(-1)
        assert screen.view.basket.lines == ()
        assert screen.view.basket.selected == ""

    def test_stepping_without_a_line_says_so(self, screen: Screen) -> None:
        screen.presenter.step_quantity(1)
        assert screen.view.notice == views.Notice(Tone.CAUTION, "Choose a line first.")

    def test_void_selects_the_line_that_is_left_and_undo_brings_it_back(self, screen: Screen) -> None:
        for code in (COFFEE, LATTE):
            screen.presenter.scan(code)
        screen.presenter.act(Action.VOID_LINE)
        assert [line.name for line in screen.view.basket.lines] == ["Coffee beans 250 g"]
        assert screen.view.basket.selected == screen.view.basket.lines[0].key
        screen.presenter.act(Action.UNDO)
        assert len(screen.view.basket.lines) == 2

    def test_emptying_can_be_undone(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(LATTE)
        screen.presenter.open_tool("clear")
        assert (screen.view.basket.lines, screen.view.member) == ((), None)
        screen.presenter.act(Action.UNDO)
        assert len(screen.view.basket.lines) == 1
        assert screen.view.member is not None

    def test_an_action_that_is_not_there_does_nothing(self, screen: Screen) -> None:
        assert screen.view.basket.actions == (Action.REFUND,)
        screen.presenter.act(Action.VOID_LINE)
        assert screen.views == []

    def test_favourites_are_rung_by_their_tile(self, screen: Screen) -> None:
        assert isinstance(screen.view.middle, views.Favourites)
        tile = screen.view.middle.tiles[0]
        screen.presenter.ring(tile.key)
        assert screen.view.basket.lines[0].name == tile.name == "Kaiser roll"

    def test_a_line_says_why_and_what_it_cost(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(COFFEE)
        line = screen.view.basket.lines[0]
        assert (line.was, line.price, line.why) == ("18.90", "17.01", "−10% Gold tier")
        assert screen.view.total.saved == "Saved 1.89"

    def test_a_near_miss_names_what_is_missing_and_what_it_is_about(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(APPLES)
        assert screen.view.basket.near_miss == views.NearMiss("10.10\xa0zł more gives 10%", "Fresh for less")

    def test_a_reward_far_away_is_no_near_miss(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(APPLES)
        type_keys(screen, "0,3")
        screen.presenter.take()
        assert screen.view.basket.near_miss is None


class TestSearch:
    def test_products_by_part_of_a_name(self, screen: Screen) -> None:
        screen.presenter.search("latt")
        assert isinstance(screen.view.middle, views.Results)
        assert [row.title for row in screen.view.middle.rows] == ["Latte to go"]
        screen.presenter.pick(screen.view.middle.rows[0].key)
        assert screen.view.basket.lines[0].name == "Latte to go"
        assert isinstance(screen.view.middle, views.Favourites)

    def test_members_by_name_without_their_accents(self, screen: Screen) -> None:
        screen.presenter.search("lucja zol")
        assert isinstance(screen.view.middle, views.Results)
        (row,) = screen.view.middle.rows
        assert (row.title, row.member) == ("Łucja Żółkiewska", True)
        screen.presenter.pick(row.key)
        assert screen.view.member is not None
        assert screen.view.member.name == "Łucja Żółkiewska"

    def test_a_phone_number_shows_only_its_end(self, screen: Screen) -> None:
        screen.presenter.search("600 100")
        assert isinstance(screen.view.middle, views.Results)
        assert (screen.view.middle.rows[0].title, screen.view.middle.rows[0].detail) == (
            "Łucja Żółkiewska",
            "··· 0200",
        )

    def test_nothing_found_says_what_else_to_try(self, screen: Screen) -> None:
        screen.presenter.search("xyz")
        assert isinstance(screen.view.middle, views.Results)
        assert screen.view.middle.rows == ()
        assert "xyz" in screen.view.middle.hint

    def test_an_emptied_field_shows_the_favourites_but_leaves_a_payment_alone(self, screen: Screen) -> None:
        screen.presenter.search("latt")
        screen.presenter.search("")
        assert isinstance(screen.view.middle, views.Favourites)
        screen.presenter.scan(LATTE)
        screen.presenter.pay()
        screen.presenter.search("")
        assert isinstance(screen.view.middle, views.Payment)

    def test_enter_on_a_whole_code_scans_it(self, screen: Screen) -> None:
        screen.presenter.submit(LATTE)
        assert screen.view.basket.lines[0].name == "Latte to go"


def test_lines_kept_in_words_never_go_stale(screen: Screen) -> None:
    """After every act, what is shown equals what a presenter without a memory would show."""
    p = screen.presenter
    acts = [
        lambda: p.scan(COFFEE),
        lambda: p.scan(LATTE),
        lambda: tap(screen, SILVER),
        lambda: p.step_quantity(3),
        lambda: p.detach(),
        lambda: tap(screen, GOLD),
        lambda: p.act(Action.VOID_LINE),
        lambda: p.act(Action.UNDO),
        lambda: p.switch_language("ru"),
        lambda: p.spend_points(True),
        lambda: p.switch_language("en"),
    ]
    for act in acts:
        act()
        desk = screen.desk
        fresh = type(p)(desk.till, desk.reader, desk.reader, desk.world, lang=p.lang)
        assert p.view.basket.lines == fresh.view.basket.lines
        assert p.view.member == fresh.view.member
