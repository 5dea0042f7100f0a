"""View states as a shop's day brings them, in three languages: what screenshots and layout tests show."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from app.screens import views
from app.screens.views import Action, Chip, ChipKind, Line, Stamp, Tile, Tone
from app.texts import NBSP, texts

_WORDS: Final = {
    "en": (
        "Coffee beans 250 g|−10 % Gold level|Milk 3.2 % 1 l|Gala apples, loose|2 % comes back in points"
        "|Natural yoghurt 180 g|3 for the price of 2|Latte to go|Sixth coffee free",
        "Kaiser roll|Rye bread|Eggs, ten|Espresso|Cappuccino|Latte|Croissant|Cheesecake|Water 0.5 l|Paper bag"
        "|Apple juice|Danish pastry|Sandwich|Tea|Newspaper",
        "Margaret Featherstone|Gold|Coffee card|Croissant with coffee|With a croissant the second coffee"
        " −50 %|12.40 zł more gives 10 % off|Card read: prices updated|Anna|Rules of the month",
    ),
    "pl": (
        "Kawa ziarnista 250 g|−10 % Złoty poziom|Mleko 3,2 % 1 l|Jabłka Gala, luzem|2 % wraca w punktach|"
        "Jogurt naturalny 180 g|3 w cenie 2|Latte do wynosu|Szósta kawa gratis",
        "Bułka kajzerka|Chleb żytni|Jajka 10 szt.|Espresso|Cappuccino|Latte|Croissant|Sernik|Woda 0,5 l|"
        "Torba papierowa|Sok jabłkowy|Drożdżówka|Kanapka|Herbata|Gazeta",
        "Łucja Żółkiewska|Złoty|Karta kawowa|Croissant do kawy|Z croissantem druga kawa −50 %|"
        "Jeszcze 12,40 zł do rabatu 10 %|Karta przyłożona: ceny przeliczone|Anna|Regulamin",
    ),
    "ru": (
        "Кофе в зёрнах 250 г|−10 % Золотой уровень|Молоко 3,2 % 1 л|Яблоки Гала, весовые|2 % вернётся баллами"
        "|Йогурт натуральный 180 г|3 по цене 2|Латте с собой|Шестой кофе бесплатно",
        "Булочка|Хлеб ржаной|Яйца 10 шт.|Эспрессо|Капучино|Латте|Круассан|Чизкейк|Вода 0,5 л|Пакет|"
        "Сок яблочный|Слойка|Сэндвич|Чай|Газета",
        "Людмила Щербакова|Золотой|Кофейная карта|Круассан к кофе|С круассаном второй кофе −50 %|"
        "Ещё 12,40 zł до скидки 10 %|Карта приложена: цены пересчитаны|Анна|Правила",
    ),
}
_PRICES: Final = (69, 590, 1249, 900, 1200, 1200, 650, 1400, 299, 99, 479, 520, 1350, 700, 420)
_NOW_MS: Final = 1_763_816_700_000
ZONE: Final = "Europe/Warsaw"
CURRENCY: Final = "PLN"


class Samples:
    """Sample states of one language."""

    def __init__(self, lang: str) -> None:
        self.words = texts(lang)
        lines, tiles, names = (part.replace(" %", f"{NBSP}%").split("|") for part in _WORDS[lang])
        self.lines, self.tiles, self.names = lines, tiles, names

    def _money(self, minor: int) -> str:
        return self.words.amount(minor, CURRENCY)

    def _line(
        self, key: int, name: str, qty_milli: int, each: int, was: int, now: int, why: str = ""
    ) -> Line:
        quantity = f"{self.words.qty(qty_milli)}{NBSP}×{NBSP}{self._money(each)}"
        struck = self._money(was) if was != now else ""
        return Line(str(key), name, quantity, self._money(now), struck, why)

    def state_line(self, *, offline: bool = True) -> views.StateLine:
        get = self.words.get
        network = (
            Chip(ChipKind.NETWORK, Tone.CAUTION, get("screen.network.waiting", n=3))
            if offline
            else Chip(ChipKind.NETWORK, Tone.WELL, get("screen.network.well"))
        )
        return views.StateLine(
            shift=get("screen.shift", number=214),
            till=get("screen.till", till=2, cashier=self.names[7]),
            chips=(
                Chip(ChipKind.READER, Tone.WELL, get("screen.reader.well")),
                Chip(ChipKind.PRINTER, Tone.WELL, get("screen.printer.well")),
                network,
            ),
            clock=self.words.time(_NOW_MS, ZONE),
        )

    def basket(self) -> views.Basket:
        x = self.lines
        lines = (
            self._line(1, x[0], 2000, 1890, 3780, 3402, x[1]),
            self._line(2, x[2], 1000, 649, 649, 649),
            self._line(3, x[3], 642, 2990, 1920, 1920, x[4]),
            self._line(4, x[5], 3000, 420, 1260, 840, x[6]),
            self._line(5, x[7], 1000, 1200, 1200, 0, x[8]),
        )
        near = views.NearMiss(self.names[5], self.words.amount(1240, CURRENCY, plus=True))
        return views.Basket(lines, "5", "1", near, (Action.UNDO, Action.VOID_LINE, Action.CLEAR))

    def empty_basket(self) -> views.Basket:
        get = self.words.get
        last = views.LastSale(
            title=get("screen.last_receipt", number=1840),
            detail=f"{self.words.time(_NOW_MS - 180_000, ZONE)} · {get('tender.cash')}",
            total=self.words.money(6811, CURRENCY),
            change=get("screen.change_given", change=self.words.money(3189, CURRENCY)),
        )
        return views.Basket(last_sale=last, tip=get("screen.tip.1"))

    def favourites(self) -> views.Favourites:
        pairs = zip(self.tiles, _PRICES, strict=True)
        return views.Favourites(tuple(Tile(name, name, self._money(price)) for name, price in pairs))

    def member(self) -> views.Member:
        get, words = self.words.get, self.words
        stamps = (*[Stamp.EARNED] * 4, Stamp.NEW, Stamp.FREE)
        return views.Member(
            key="m",
            name=self.names[0],
            tier=self.names[1],
            balance=words.points(128400),
            balance_of=get("screen.balance_of", n=1284, time=words.time(_NOW_MS - 420_000, ZONE)),
            earned=words.points(4100, plus=True),
            earned_of=get("screen.earned_of"),
            stamp_cards=(
                views.StampCard(
                    "c", self.names[2], f"5{NBSP}/{NBSP}6", stamps, f"0{words.scaled(5, 1)[1]}–", "coffee"
                ),
            ),
            offers=(views.Offer("o", self.names[3], self.names[4], product="croissant"),),
            spend=views.Spend(
                get("screen.spendable", points=words.counted_points(60000)),
                get("screen.spendable_of", money=words.money(600, CURRENCY)),
            ),
        )

    def total(
        self,
        due: int = 6811,
        saved: int = 1998,
        items: int = 8,
        *,
        payable: bool = True,
        taking: bool = False,
    ) -> views.Total:
        words = self.words
        return views.Total(
            figure=words.amount(due, CURRENCY),
            currency=words.symbol(CURRENCY),
            saved=words.get("screen.saved", money=words.amount(saved, CURRENCY)) if saved else "",
            items=words.get("pieces", n=items) if items else "",
            payable=payable,
            taking=taking,
        )

    def selling(self) -> views.SaleView:
        """A member's basket with every kind of discount, offline."""
        return views.SaleView(
            state=self.state_line(),
            basket=self.basket(),
            middle=self.favourites(),
            member=self.member(),
            can_enrol=True,
            total=self.total(),
            notice=views.Notice(Tone.WELL, self.names[6]),
        )

    def empty(self) -> views.SaleView:
        """Nobody yet, nothing yet."""
        return views.SaleView(
            state=self.state_line(offline=False),
            basket=self.empty_basket(),
            middle=self.favourites(),
            can_enrol=True,
            total=self.total(due=0, saved=0, items=0, payable=False),
            notice=views.Notice(Tone.QUIET, ""),
        )

    def searching(self) -> views.SaleView:
        rows = [
            views.Found(f"p{n}", name, f"40{n:02}", self._money(price))
            for n, (name, price) in enumerate(zip(self.tiles[3:9], _PRICES[3:9], strict=True))
        ]
        rows.append(views.Found("m", self.names[0], "··· 4417", member=True))
        return replace(self.selling(), middle=views.Results("e", tuple(rows)))

    def found_nothing(self) -> views.SaleView:
        hint = self.words.get("screen.nothing_found", query="xyz")
        return replace(self.selling(), middle=views.Results("xyz", (), hint))

    def paying(self) -> views.SaleView:
        words, due = self.words, 6811 - 600
        payment = views.Payment(
            due=words.money(due, CURRENCY),
            entry="100",
            change=words.money(10000 - due, CURRENCY),
            quick=(
                views.QuickCash(due, words.money(due, CURRENCY), exact=True),
                *(views.QuickCash(each * 100, str(each)) for each in (70, 80, 100)),
            ),
            tendered=(views.Tendered(words.get("screen.points_tender"), words.money(-600, CURRENCY)),),
            ready=True,
            by_card=True,
        )
        view = self.selling()
        notice = views.Notice(Tone.WELL, words.get("till.due", due_minor=words.money(due, CURRENCY)))
        return replace(view, middle=payment, total=self.total(due=due, taking=True), notice=notice)

    def charging(self) -> views.SaleView:
        get, amount = self.words.get, self.words.money(6811, CURRENCY)
        charge = views.Charge(get("screen.charge_question"), get("screen.charge_detail"), amount)
        notice = views.Notice(Tone.CAUTION, get("till.ask_terminal", due_minor=amount))
        return replace(self.selling(), middle=charge, total=self.total(payable=False), notice=notice)

    def paid(self) -> views.SaleView:
        words, get = self.words, self.words.get
        change = words.money(3189, CURRENCY)
        paid = views.Paid(
            title=get("screen.paid"),
            change=change,
            paid=get(
                "screen.paid_of",
                total=words.money(6811, CURRENCY),
                means=get("tender.cash"),
                received=words.money(10000, CURRENCY),
            ),
            earned=get("screen.earned", points=words.counted_points(4100), balance=words.points(132500)),
            receipt=get("screen.receipt", number=1840),
        )
        notice = views.Notice(Tone.WELL, get("till.sold", change_minor=change))
        return replace(self.empty(), middle=paid, notice=notice)

    def enrolling(self) -> views.SaleView:
        words = self.words
        enrol = views.Enrol(
            phone="+48 600 100 2",
            name=self.names[0],
            card=words.get("screen.card_ready", card="04A1B2C3D4E5F6"),
            problem=words.get("screen.phone_wrong"),
        )
        return replace(self.selling(), member=None, middle=enrol, can_enrol=False)

    def counting(self) -> views.SaleView:
        kg = self.words.get("screen.kg")
        price = f"{self.words.money(2990, CURRENCY)} / {kg}"
        entry = self.words.scaled(642, 3)
        return replace(self.selling(), middle=views.Quantity(self.lines[3], price, kg, entry, ready=True))

    def refusing(self) -> views.SaleView:
        """What goes wrong says what to do: printer off, reader gone, a code nobody knows."""
        get = self.words.get
        chips = tuple(
            Chip(kind, Tone.CAUTION, get(f"screen.{kind}.{state}", n=12))
            for kind, state in (
                (ChipKind.READER, "service"),
                (ChipKind.PRINTER, "unreachable"),
                (ChipKind.NETWORK, "refused"),
            )
        )
        notice = views.Notice(Tone.CAUTION, get("till.unknown_code", code="5901234123457"))
        view = self.selling()
        return replace(view, state=replace(view.state, chips=chips), notice=notice)

    def states(self) -> dict[str, views.SaleView]:
        """Every state of the sale screen, by the name of its picture."""
        return {
            "selling": self.selling(),
            "empty": self.empty(),
            "searching": self.searching(),
            "found-nothing": self.found_nothing(),
            "paying": self.paying(),
            "charging": self.charging(),
            "paid": self.paid(),
            "enrolling": self.enrolling(),
            "counting": self.counting(),
            "refusing": self.refusing(),
        }

    def day(self) -> views.DayView:
        words, get = self.words, self.words.get
        money = lambda minor: words.money(minor, CURRENCY)  # noqa: E731
        receipts = get("screen.day.receipts", n=142)
        rows = (
            ("goods", money(1_284_390)), ("discounts", money(-90_412)), ("points_paid", money(31_800)),
            ("earned", words.points(1_140_000)), ("spent", words.points(318_000)),
        )  # fmt: skip
        return views.DayView(
            title=get("screen.day.title", date=words.date(_NOW_MS, ZONE)),
            as_of=get("screen.day.as_of", time=words.time(_NOW_MS, ZONE)),
            headline=(
                views.DayRow(
                    get("screen.day.sales"),
                    money(1_193_978),
                    f"{receipts} · {get('screen.day.average', money=money(8_408))}",
                ),
                views.DayRow(
                    get("screen.day.with_member"),
                    f"61{NBSP}%",
                    get("screen.day.share", percent=f"68{NBSP}%"),
                ),
                views.DayRow(get("screen.day.enrolled"), "9"),
            ),
            rows=(
                *(views.DayRow(get(f"screen.day.{name}"), figure) for name, figure in rows),
                views.DayRow(get("screen.day.tender", means=get("tender.cash")), money(512_300)),
                views.DayRow(get("screen.day.tender", means=get("tender.card")), money(649_878)),
                views.DayRow(get("screen.day.rule", rule=self.names[1]), money(-41_200)),
            ),
        )
