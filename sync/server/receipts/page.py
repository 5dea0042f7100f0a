"""The page of a receipt: the same on every phone, without a script, in light and dark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from app.ledger.entries import POINTS, entries
from app.ledger.facts import SaleRefunded, SoldLine
from app.ledger.handed import handed_over
from app.ledger.original import is_weighed
from app.loyalty.effects import Granted, PointsEarned, PointsSpent, StampsChanged
from app.loyalty.rules.stamps import StampsRule
from app.loyalty.wording import name_of
from app.stats.shift import paid_by_tax, tax_included_minor
from app.texts import LANGUAGES, Texts
from sync.server.receipts.html import Html, joined, tag
from sync.server.receipts.sold import Sold

REFERENCE: Final = "STEMPEL:R:"
"""What a receipt's own code begins with at the till (app.checkout.receipt_code); the sale's id follows."""
_LANGUAGES: Final = {"ru": "Русский", "pl": "Polski", "en": "English"}
STYLE: Final = """
:root{color-scheme:light dark;--paper:#F4F3EF;--surface:#FFF;--line:#E4E1DA;--ink:#1D1C1A;--soft:#66625A;
--accent:#4F46B8;--tint:#ECEAFB;--gain:#0B6B49;--caution:#8A5A00;--tinge:#FFF1D6}
@media (prefers-color-scheme:dark){:root{--paper:#131418;--surface:#1C1E24;--line:#2E313A;--ink:#ECECF1;
--soft:#A3A6B3;--accent:#B3AAFF;--tint:#2A2850;--gain:#5FD3A4;--caution:#F0B95A;--tinge:#3A2C10}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.4 Inter,system-ui,sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main{max-width:440px;margin:0 auto;padding:16px}
header{padding:16px 8px;text-align:center}
h1{font-size:20px;font-weight:600;line-height:1.25;margin:0}
h2{font-size:15px;font-weight:600;margin:0}
p{margin:0}
.soft{color:var(--soft);font-size:13px}
section{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:12px 16px;
margin-bottom:12px}
.strong+.sub{margin-bottom:4px}
.row{display:flex;flex-wrap:wrap;column-gap:16px;padding:4px 0}
.row>:first-child{flex:1 1 8em}
.row>:last-child{text-align:right;margin-left:auto;max-width:100%;overflow-wrap:normal}
.line{border-top:1px solid var(--line);padding:8px 0}
.line:first-child{border-top:0}
.line .row{padding:0}
.sub{font-size:13px;color:var(--soft)}
.why{font-size:13px;color:var(--gain)}
s{color:var(--soft);font-size:13px;margin-right:8px}
.total{align-items:baseline;font-size:18px;font-weight:600}
.total>:last-child{font-size:28px;font-weight:700}
.strong{font-weight:600}
.chip{display:inline-block;background:var(--tinge);color:var(--caution);border-radius:999px;
padding:0 8px;font-size:13px}
.stamps{display:flex;flex-wrap:wrap;gap:8px;padding:4px 0 8px}
.stamps i{width:24px;height:24px;border-radius:50%;border:2px solid var(--line)}
.stamps .have{border-color:var(--accent);background:var(--tint)}
.stamps .fresh{border-color:var(--accent);background:var(--accent)}
.code{text-align:center}
.code svg{display:block;margin:0 auto 8px;background:#FFF;border-radius:10px;width:156px;height:156px}
footer{padding:8px 8px 24px}
footer,nav{text-align:center}
nav a{display:inline-block;padding:12px;color:var(--accent);text-decoration:none}
nav a[aria-current]{color:var(--soft)}
.lone{padding:96px 24px;text-align:center}
.lone h1{margin-bottom:12px}
@media print{body{background:#FFF}nav{display:none}}
"""


def document(words: Texts, title: str, *content: Html, refresh_s: int = 0) -> str:
    """A whole document. `refresh_s` is after how many seconds the browser asks again, 0 for never."""
    head = joined(
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", name="robots", content="noindex,nofollow"),
        tag("meta", http_equiv="refresh", content=str(refresh_s)) if refresh_s else Html(),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    whole = tag("html", tag("head", head), tag("body", tag("main", *content)), lang=words.lang)
    return f"<!doctype html>\n{whole}\n"


def note(words: Texts, message: str, refresh_s: int = 0) -> str:
    """A page that has nothing to show, and says why: `waiting`, `none` or `busy`."""
    title = words.get(f"ereceipt.{message}")
    told = tag("div", tag("h1", title), tag("p", words.get(f"ereceipt.{message}_why")), class_="lone")
    return document(words, title, told, _languages(words), refresh_s=refresh_s)


def receipt(sold: Sold, words: Texts) -> str:
    """The page of a sale."""
    page = _Page(sold, words)
    return document(words, f"{words.get('ereceipt.title')}: {sold.shop.name}", *page.parts())


def _row(name: str, figure: str, kind: str = "") -> Html:
    return tag("div", tag("span", name), tag("span", figure), class_=f"row {kind}".strip())


def _languages(words: Texts) -> Html:
    links = [
        tag(
            "a",
            _LANGUAGES[lang],
            href=f"?lang={lang}",
            lang=lang,
            aria_current="true" if lang == words.lang else "",
        )
        for lang in LANGUAGES
    ]
    return tag("nav", *links, aria_label=words.get("ereceipt.languages"))


class _Page:
    def __init__(self, sold: Sold, words: Texts) -> None:
        self.sold, self.sale, self.words, self.get = sold, sold.sale, words, words.get

    def parts(self) -> Iterator[Html]:
        yield self._head()
        yield tag("section", *(self._line(line) for line in self.sale.lines))
        yield tag("section", *self._sums())
        for refund in self.sold.refunds:
            yield tag("section", *self._refund(refund))
        loyalty = list(self._loyalty()) if self.sold.owner else []
        if loyalty:
            yield tag("section", *loyalty)
        yield self._code()
        yield self._foot()

    # -- words and figures -------------------------------------------------------------------------------

    def _money(self, minor: int) -> str:
        return self.words.money(minor, self.sale.currency)

    def _moment(self, at_ms: int) -> str:
        return self.words.moment(at_ms, self.sold.time_zone)

    def _rule(self, id: str) -> str:
        """A rule's name; "discount" where the programme is not known here: its id says nothing to anybody."""
        known = self.sold.programme
        rule = known.rules.get(id) if known is not None else None
        if rule is not None and rule.label is not None:
            return rule.label.get(self.words.lang)
        name = self._thing(id)
        return name if name != id else self.get("ereceipt.discount")

    def _thing(self, id: str) -> str:
        """What stands for an id, the id itself where that is not known."""
        return name_of(self.sold.programme, id).get(self.words.lang) if self.sold.programme else id

    def _name(self, line: SoldLine) -> str:
        return self.sold.names.get(line.sku, {}).get(self.words.lang) or line.name

    # -- parts -------------------------------------------------------------------------------------------

    def _head(self) -> Html:
        shop, sale = self.sold.shop, self.sale
        number = self.get("receipt.number", number=sale.number)
        return tag(
            "header",
            tag("h1", shop.name),
            tag("p", shop.address, class_="soft") if shop.address else Html(),
            tag("p", f"{number} · {self._moment(sale.at_ms)}", class_="soft"),
        )

    def _line(self, line: SoldLine) -> Html:
        paid = [tag("s", self._money(line.gross_minor))] if line.net_minor != line.gross_minor else []
        figure = tag("span", *paid, self._money(line.net_minor))
        parts = [tag("div", tag("span", self._name(line)), figure, class_="row")]
        if counted := self.words.sold(line.qty_milli, weighed=is_weighed(line)):
            parts.append(tag("p", f"{counted} × {self._money(line.price_minor)}", class_="sub"))
        if line.note:
            parts.append(tag("p", line.note, class_="sub"))
        for discount in line.discounts:
            why = f"{self._rule(discount.rule)} {self._money(-discount.amount_minor)}"
            parts.append(tag("p", why, class_="why"))
        if back_milli := self._returned(line.line):
            quantity = self.words.qty(back_milli)
            parts.append(
                tag("p", tag("span", self.get("ereceipt.returned", quantity=quantity), class_="chip"))
            )
        return tag("div", *parts, class_="line")

    def _returned(self, line: int) -> int:
        lines = (each for refund in self.sold.refunds for each in refund.lines)
        return sum(each.qty_milli for each in lines if each.line == line)

    def _sums(self) -> Iterator[Html]:
        sale, get = self.sale, self.get
        if sale.discount_minor:
            yield _row(get("receipt.goods"), self._money(sale.goods_minor))
            yield _row(get("receipt.saved"), self._money(-sale.discount_minor), "why")
        yield _row(get("receipt.total"), self._money(sale.total_minor), "total")
        yield from self._taxes()
        if sale.points_minor:
            points = self.words.counted_points(self._spent_centi())
            yield _row(get("receipt.points_paid", points=points), self._money(-sale.points_minor))
        if sale.rounding_minor:
            yield _row(get("receipt.rounding"), self._money(-sale.rounding_minor))
        for tender in sale.tenders:
            if tender.means != "cash":
                yield _row(self._means(tender.means), self._money(tender.amount_minor))
        cash_minor = sum(tender.amount_minor for tender in sale.tenders if tender.means == "cash")
        if cash_minor or sale.change_minor:
            yield _row(self._means("cash"), self._money(cash_minor + sale.change_minor))
        if sale.change_minor:
            yield _row(get("receipt.change"), self._money(sale.change_minor))
        if sale.note:
            yield tag("p", sale.note, class_="sub")

    def _means(self, means: str) -> str:
        return self.get(f"tender.{means}") if self.words.has(f"tender.{means}") else means

    def _taxes(self) -> Iterator[Html]:
        taxes = paid_by_tax(self.sale.lines, self.sale.points_minor)
        for tax, paid_minor in sorted(taxes.items(), key=lambda each: (len(each[0]), each[0]), reverse=True):
            included_minor = tax_included_minor(paid_minor, tax)
            if included_minor:
                rate = f"{tax.rstrip(' %')} %"
                yield _row(self.get("ereceipt.tax", rate=rate), self._money(included_minor), "sub")
            elif tax and included_minor is None:
                yield _row(self.get("ereceipt.untaxed", rate=tax), self._money(paid_minor), "sub")

    def _refund(self, refund: SaleRefunded) -> Iterator[Html]:
        yield tag("h2", self.get("ereceipt.refund", moment=self._moment(refund.at_ms)))
        for line in refund.lines:
            counted, name = self.words.sold(line.qty_milli, weighed=is_weighed(line)), self._name(line)
            yield _row(f"{counted} × {name}" if counted else name, self._money(-line.net_minor))
        yield _row(self.get("ereceipt.refunded"), self._money(refund.total_minor), "strong")
        if refund.points_minor:
            yield _row(self.get("receipt.refunded_in_points"), self._money(refund.points_minor))
        for tender in refund.tenders:
            yield _row(self._means(tender.means), self._money(tender.amount_minor))
        points = {"points_returned": 0, "points_withdrawn": 0}
        for entry in entries(refund):
            if entry.account == POINTS and f"points_{entry.contra}" in points:
                points[f"points_{entry.contra}"] += entry.amount
        for message, centi in points.items():
            if centi:
                yield _row(self.get(f"receipt.{message}"), self.words.points(centi, plus=True))

    # -- the member's ------------------------------------------------------------------------------------

    def _spent_centi(self) -> int:
        return sum(e.amount_centi for e in self.sale.effects if isinstance(e, PointsSpent) and e.tender)

    def _loyalty(self) -> Iterator[Html]:
        effects, words, standing = self.sold.effects, self.words, self.sold.standing
        earned_centi = sum(e.lot.amount_centi for e in effects if isinstance(e, PointsEarned))
        spent_centi = sum(e.amount_centi for e in effects if isinstance(e, PointsSpent) and e.tender)
        if earned_centi:
            yield _row(self.get("receipt.earned"), words.points(earned_centi, plus=True), "why")
        if spent_centi:
            yield _row(self.get("receipt.spent"), words.points(-spent_centi))
        for each in handed_over(effects):
            name = self._thing(each.name) if each.pieces == 1 else f"{self._thing(each.name)} ({each.pieces})"
            figure = words.points(-each.points_centi) if each.points_centi else ""
            yield _row(self.get("receipt.handed_over", name=name), figure)
        given: Counter[str] = Counter()
        for effect in effects:
            if isinstance(effect, Granted):
                given[effect.grant.thing] += effect.grant.uses
        for thing, uses in given.items():
            name = self._thing(thing)
            yield _row(self.get("receipt.gained"), name if uses == 1 else f"{name} ({uses})")
        if standing is not None and (earned_centi or spent_centi or standing.state.balance_centi):
            balance = words.counted_points(standing.state.balance_centi)
            yield _row(self.get("receipt.balance"), balance, "strong")
            yield tag("p", self.get("receipt.as_of", moment=self._moment(standing.at_ms)), class_="sub")
        yield from self._stamps()

    def _stamps(self) -> Iterator[Html]:
        standing, programme = self.sold.standing, self.sold.programme
        if standing is None or programme is None:
            return
        for rule in programme.programme.rules:
            moved = [e.delta for e in self.sold.effects if isinstance(e, StampsChanged) and e.rule == rule.id]
            have = max(standing.state.card(rule.id), 0)
            if not isinstance(rule, StampsRule) or not (moved or have):
                continue
            fresh = min(sum(delta for delta in moved if delta > 0), have)
            count = self.get("ereceipt.stamps", have=have, size=rule.size)
            yield _row(rule.name.get(self.words.lang), count)
            marks = ["have"] * (min(have, rule.size) - fresh) + ["fresh"] * fresh
            marks += [""] * max(rule.size - len(marks), 0)
            yield tag("div", *(tag("i", class_=mark) for mark in marks), class_="stamps", aria_hidden="true")

    # -- the end -----------------------------------------------------------------------------------------

    def _code(self) -> Html:
        import segno

        drawn = segno.make(REFERENCE + self.sale.id.hex, error="m", micro=False)
        picture = drawn.svg_inline(border=4, omitsize=True, lineclass=None, svgclass=None)
        return tag(
            "section", Html(picture), tag("p", self.get("ereceipt.code"), class_="soft"), class_="code"
        )

    def _foot(self) -> Html:
        return tag(
            "footer",
            tag("p", self.get("receipt.thanks")),
            tag("p", self.get("ereceipt.no_fiscal"), class_="soft"),
            _languages(self.words),
        )
