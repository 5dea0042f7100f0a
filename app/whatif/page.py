"""The report as one page of HTML that needs nothing beside itself, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from app.loyalty.whatif.figures import AUDIENCES, Side
from app.whatif.charts import Bar, columns, paired, stacked
from app.whatif.tables import Table, Tables, cost

STYLE = """
:root{color-scheme:light dark;
--paper:#F4F3EF;--surface:#FFF;--line:#E4E1DA;--ink:#1D1C1A;--soft:#66625A;
--accent:#4F46B8;--tint:#ECEAFB;--gain:#0B6B49;--caution:#8A5A00;--third:#B9B4A6}
@media (prefers-color-scheme:dark){:root{--paper:#131418;--surface:#1C1E24;--line:#2E313A;--ink:#ECECF1;
--soft:#A3A6B3;--accent:#B3AAFF;--tint:#2A2850;--gain:#5FD3A4;--caution:#F0B95A;--third:#5B5F6D}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 Inter,system-ui,sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:1120px;margin:0 auto;padding:32px 24px}
h1{font-size:28px;font-weight:600;margin:0 0 4px;line-height:1.25}
h2{font-size:19px;font-weight:600;margin:0 0 12px}
p{margin:0}.soft{color:var(--soft)}
section{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:24px;
margin-top:16px}
.key{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:16px;margin-top:24px}
.key div{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:16px}
.key b{display:block;font-size:28px;font-weight:600;line-height:1.3;white-space:nowrap}
.key span{color:var(--soft);font-size:13px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:8px 0 8px 16px;text-align:right;white-space:nowrap;border-top:1px solid var(--line)}
th{font-weight:500;color:var(--soft);font-size:13px;line-height:1.3;border-top:0;vertical-align:bottom;
white-space:normal}
th:first-child,td:first-child{text-align:left;white-space:normal;padding-left:0;min-width:150px}
tr.strong td{font-weight:600}
.note{color:var(--soft);font-size:13px;margin-top:12px}
ul{margin:0;padding-left:20px}
figure{margin:0}svg{display:block;width:100%;height:auto;max-width:880px}
svg text{font-size:13px;fill:var(--ink)}
svg .label{text-anchor:end}svg .month{text-anchor:middle;fill:var(--soft)}svg .tick{fill:var(--soft)}
.axis{stroke:var(--soft)}.grid{stroke:var(--line)}
.s0{fill:var(--accent)}.s1{fill:var(--gain)}.s2{fill:var(--third)}
.pair .s1{fill:var(--third)}.pair .k1{background:var(--third)}
.legend{display:flex;gap:16px;margin-bottom:12px;font-size:13px;color:var(--soft)}
.legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px}
.k0{background:var(--accent)}.k1{background:var(--gain)}.k2{background:var(--third)}
.stories{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:16px}
.story{border:1px solid var(--line);border-radius:10px;padding:16px}
.chip{display:inline-block;background:var(--tint);color:var(--accent);border-radius:999px;padding:1px 10px;
font-size:13px;margin-bottom:8px}
.story h3{font-size:15px;font-weight:600;margin:0 0 8px}
.story dt{color:var(--soft);font-size:13px;margin-top:8px}.story dd{margin:0}
.why{color:var(--gain);font-size:13px}
@media print{section,.key div,.story{break-inside:avoid}}
"""


def page(tables: Tables) -> str:
    """The whole document."""
    body = "".join(_parts(tables))
    title = escape(f"{tables.say('title')}: {tables.heading}")
    return (
        f'<!doctype html>\n<html lang="{tables.words.lang}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><main>{body}</main></body>\n</html>\n"
    )


def _parts(tables: Tables) -> Iterator[str]:
    result = tables.result
    yield f"<h1>{escape(tables.heading)}</h1>"
    yield f'<p class="soft">{escape(" · ".join(tables.past()))}</p>'
    yield _key(tables)
    assumed = "".join(f"<li>{escape(each)}</li>" for each in tables.assumptions())
    yield f"<section><ul>{assumed}</ul></section>"
    yield _section(tables.totals())
    yield _costs(tables, result.draft, tables.say("draft"))
    yield _section(tables.rules(result.draft, tables.say("draft")))
    yield _months(tables)
    yield _section(tables.changes())
    yield _bands(tables)
    yield _stories(tables)
    yield _section(tables.rules(result.in_force, tables.say("in_force")))


def _key(tables: Tables) -> str:
    """The four figures that decide."""
    draft, now = tables.result.draft.totals, tables.result.in_force.totals
    changed = tables.result.past.receipts - next(
        each.receipts for each in tables.result.changes if each.way == "same"
    )
    cells = (
        (
            tables.say("cost"),
            tables.money(cost(draft)),
            f"{tables.say('in_force')}: {tables.money(cost(now))}",
        ),
        (
            f"{tables.say('cost')}: {tables.say('difference')}",
            tables.money(cost(draft) - cost(now), plus=True),
            f"{tables.percent(cost(draft), draft.goods_minor)} · "
            f"{tables.percent(cost(now), now.goods_minor)} {tables.say('share_of_goods')}",
        ),
        (
            tables.say("members_reached"),
            tables.count(draft.members_reached),
            f"{tables.say('in_force')}: {tables.count(now.members_reached)}",
        ),
        (
            tables.say("changes"),
            tables.count(changed),
            tables.percent(changed, tables.result.past.receipts),
        ),
    )
    made = "".join(
        f"<div><span>{escape(name)}</span><b>{escape(figure)}</b><span>{escape(beside)}</span></div>"
        for name, figure, beside in cells
    )
    return f'<div class="key">{made}</div>'


def _section(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(
        f"<tr{' class=strong' if number in table.strong else ''}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for number, row in enumerate(table.rows)
    )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f"<section><h2>{escape(table.title)}</h2>"
        f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>{note}</section>'
    )


def _chart(title: str, chart: str, note: str = "", kind: str = "") -> str:
    under = f'<p class="note">{escape(note)}</p>' if note else ""
    return f'<section class="{kind}"><h2>{escape(title)}</h2>{chart}{under}</section>'


def _costs(tables: Tables, side: Side, title: str) -> str:
    """Cost by rule, the dearest first."""
    rules = sorted(side.rules, key=lambda each: -each.all.cost_minor)
    bars = [
        Bar(
            each.name.get(tables.words.lang),
            tuple(getattr(each, audience).cost_minor for audience in AUDIENCES),
            tables.money(each.all.cost_minor),
        )
        for each in rules
        if each.all.cost_minor
    ]
    name = f"{tables.say('rule_cost')}: {title}"
    series = [tables.say(audience) for audience in AUDIENCES]
    return _chart(name, stacked(name, series, bars)) if bars else ""


def _months(tables: Tables) -> str:
    both = tables.result.draft.months, tables.result.in_force.months
    bars: list[Bar] = []
    for draft, now in zip(*both, strict=True):
        costs = draft.discount_minor + draft.earned_minor, now.discount_minor + now.earned_minor
        text = f"{draft.month}: {tables.money(costs[0])} / {tables.money(costs[1])}"
        bars.append(Bar(f"{draft.month[5:]}.{draft.month[2:4]}", costs, text))
    most = max((max(bar.parts) for bar in bars), default=0)
    series = [tables.say("draft"), tables.say("in_force")]
    name = tables.say("months")
    return _chart(name, columns(name, series, bars, tables.money(most)), kind="pair")


def _bands(tables: Tables) -> str:
    """How much dearer or cheaper receipts become; those that cost the same are a sentence, not a bar."""
    bars = [
        Bar(_band(tables, band.above, band.to), (band.receipts,), tables.count(band.receipts))
        for band in tables.result.bands
        if (band.above, band.to) != (0, 0)
    ]
    same = sum(each.receipts for each in tables.result.bands if (each.above, each.to) == (0, 0))
    note = tables.say("bands_note", same=tables.count(same), all=tables.count(tables.result.past.receipts))
    name = tables.say("bands")
    return _chart(name, paired(name, [name], bars), note)


def _band(tables: Tables, above: int | None, to: int | None) -> str:
    count, percent = tables.count, tables.words.percent
    if above is None:
        return f"< {percent(count(to or 0))}"
    if to is None:
        return f"> {percent(count(above, plus=True))}"
    return f"{count(above, plus=True)} … {percent(count(to, plus=True))}"


def _stories(tables: Tables) -> str:
    made: list[str] = []
    for story in tables.stories():
        sides = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(pays)}</dd>"
            + "".join(f'<dd class="why">{escape(reason)}</dd>' for reason in reasons)
            for name, pays, reasons in story.sides
        )
        made.append(
            f'<div class="story"><span class="chip">{escape(story.way)}</span>'
            f"<h3>{escape(story.title)}</h3><dl>{sides}</dl></div>"
        )
    if not made:
        return ""
    title = escape(tables.say("examples"))
    return f'<section><h2>{title}</h2><div class="stories">{"".join(made)}</div></section>'
