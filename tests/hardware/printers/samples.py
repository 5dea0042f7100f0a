"""Receipts as a shop prints them, in three languages: what tests read back and people look at."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.receipt import (
    Align,
    Barcode,
    Blank,
    Block,
    Columns,
    Document,
    PrintJob,
    Qr,
    Rule,
    RuleKind,
    Size,
    Stamps,
    Text,
)


@dataclass(frozen=True)
class Words:
    shop: str
    address: str
    heading: str
    when: str
    lines: tuple[tuple[str, str, str, tuple[str, str] | None], ...]
    """Name, quantity × price, amount, and the discount's reason and amount."""
    total: tuple[str, str]
    paid: tuple[tuple[str, str], ...]
    loyalty: str
    member: str
    points: tuple[tuple[str, str], ...]
    balance: tuple[str, str]
    stamps: str
    stamps_left: str
    thanks: str
    qr: str


RU = Words(
    "Пекарня «Штемпель»",
    "Казань, ул. Баумана, 24",
    "Продажа 000184",
    "22.11.2026 14:07   Касса 1   Анна",
    (
        ("Хлеб бородинский", "2 × 58,00", "116,00", None),
        (
            "Молоко деревенское отборное 3,4–4,5 % 930 мл",
            "1 × 96,90",
            "96,90",
            ("Молочный день −10 %", "−9,69"),
        ),
        ("Сыр российский, весовой", "0,642 × 899,00", "577,16", ("Любимая категория −5 %", "−28,86")),
        ("Капучино 0,3 л", "1 × 190,00", "190,00", ("Пятая чашка в подарок", "−190,00")),
        ("Пакет", "1 × 7,00", "7,00", None),
    ),
    ("ИТОГО", "758,51 ₽"),
    (("Бонусами", "−58,51"), ("Наличными", "1 000,00"), ("Сдача", "300,00")),
    "Ваши бонусы",
    "Ёлкина М. · Серебро",
    (("Было", "412,00"), ("Списано", "−58,51"), ("Начислено", "+35,00")),
    ("Баланс", "388,49"),
    "Кофейная карта",
    "ещё 2 чашки до подарка",
    "Спасибо, что вы с нами!",
    "https://shtempel.example/r/0184",
)
PL = Words(
    "Piekarnia „Stempel”",
    "Łódź, ul. Piotrkowska 86",
    "Sprzedaż 000184",
    "22.11.2026 14:07   Kasa 1   Zuzanna",
    (
        ("Chleb żytni na zakwasie", "2 × 8,90", "17,80", None),
        (
            "Mleko świeże pełne 3,2% z małej mleczarni, 1 l",
            "1 × 4,99",
            "4,99",
            ("Dzień nabiału −10%", "−0,50"),
        ),
        ("Żółty ser gouda, na wagę", "0,642 × 29,90", "19,20", ("Ulubiona kategoria −5%", "−0,96")),
        ("Cappuccino 0,3 l", "1 × 14,00", "14,00", ("Piąta kawa gratis", "−14,00")),
        ("Torba papierowa", "1 × 0,50", "0,50", None),
    ),
    ("RAZEM", "41,03 zł"),
    (("Punktami", "−1,03"), ("Gotówka", "50,00"), ("Reszta", "10,00")),
    "Twoje punkty",
    "Łukasz Ś. · Srebrny",
    (("Było", "1 284,00"), ("Wykorzystano", "−103,00"), ("Naliczono", "+40,00")),
    ("Saldo", "1 221,00"),
    "Karta kawowa",
    "jeszcze 2 kawy do nagrody",
    "Dziękujemy i zapraszamy!",
    "https://stempel.example/r/0184",
)
EN = Words(
    "Stempel Bakery",
    "12 Market Street, Cork",
    "Sale 000184",
    "22/11/2026 14:07   Till 1   Nora",
    (
        ("Sourdough loaf", "2 × 4.20", "8.40", None),
        (
            "Whole organic milk from the Dingle peninsula, 1 l",
            "1 × 2.10",
            "2.10",
            ("Dairy day −10%", "−0.21"),
        ),
        ("Farmhouse cheddar, by weight", "0.642 × 21.90", "14.06", ("Favourite category −5%", "−0.70")),
        ("Cappuccino 0.3 l", "1 × 3.80", "3.80", ("Every fifth cup is free", "−3.80")),
        ("Paper bag", "1 × 0.20", "0.20", None),
    ),
    ("TOTAL", "€23.85"),
    (("Points", "−3.85"), ("Cash", "50.00"), ("Change", "30.00")),
    "Your points",
    "M. O’Brien · Silver",
    (("Before", "1,284.00"), ("Spent", "−385.00"), ("Earned", "+20.00")),
    ("Balance", "919.00"),
    "Coffee card",
    "2 more cups to your gift",
    "Thank you, see you soon!",
    "https://stempel.example/r/0184",
)
WORDS = {"ru": RU, "pl": PL, "en": EN}


def sale(language: str, *, copy: bool = False) -> Document:
    """The receipt of a sale with discounts, points and stamps."""
    words = WORDS[language]
    blocks: list[Block] = [
        Text(words.shop, Align.CENTER, bold=True, size=Size.LARGE),
        Text(words.address, Align.CENTER),
        Blank(),
        Columns(words.heading, ""),
        Text(words.when),
        Rule(),
    ]
    for name, quantity, amount, discount in words.lines:
        if quantity.startswith("1 × "):
            blocks.append(Columns(name, amount))
        else:
            blocks += [Text(name), Columns(quantity, amount, indent=2)]
        if discount:
            blocks.append(Columns(*discount, indent=2))
    blocks += [Rule(RuleKind.DOUBLE), Columns(*words.total, bold=True, size=Size.LARGE)]
    blocks.append(Blank())
    blocks += [Columns(*each) for each in words.paid]
    blocks += [Rule(), Text(words.loyalty, bold=True), Text(words.member)]
    blocks += [Columns(*each) for each in words.points]
    blocks += [Columns(*words.balance, bold=True), Blank()]
    blocks += [Text(words.stamps, Align.CENTER), Stamps(8, 10, 1), Text(words.stamps_left, Align.CENTER)]
    blocks += [Blank(), Qr(words.qr), Blank(), Barcode("R0000000184"), Blank()]
    blocks += [Text(words.thanks, Align.CENTER)]
    return Document(tuple(blocks), language, copy=copy)


def sale_job(language: str) -> PrintJob:
    return PrintJob(sale(language), open_drawer=True)
