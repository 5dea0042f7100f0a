"""Charts as SVG inside the page: bars with their figures in words, colours from the page's own variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 880
LABEL = 230
ROW = 34
BAR = 18
GAP = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: its label, one amount for each series, and the figure in words."""

    label: str
    parts: tuple[int, ...]
    text: str


def stacked(title: str, series: Sequence[str], bars: Sequence[Bar]) -> str:
    """Horizontal bars whose parts stand one after another."""
    return _rows(title, series, bars, stack=True)


def paired(title: str, series: Sequence[str], bars: Sequence[Bar]) -> str:
    """Horizontal bars, one below another for each series."""
    return _rows(title, series, bars, stack=False)


def _rows(title: str, series: Sequence[str], bars: Sequence[Bar], *, stack: bool) -> str:
    most = max((sum(bar.parts) if stack else max(bar.parts) for bar in bars), default=0) or 1
    figure = 130
    scale = (WIDTH - LABEL - figure) / most
    thick = BAR if stack else (BAR - 2) / len(series)
    made: list[str] = []
    for row, bar in enumerate(bars):
        top = row * ROW
        made.append(f'<text class="label" x="{LABEL - 12}" y="{top + 19}">{escape(bar.label)}</text>')
        end = float(LABEL)
        for place, part in enumerate(bar.parts):
            width = max(part * scale, 1.5) if part else 0.0
            left, y = (end, top + 5.0) if stack else (float(LABEL), top + 5 + place * (thick + 2))
            if width:
                made.append(
                    f'<rect class="s{place}" x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" '
                    f'height="{thick:.1f}" rx="2"/>'
                )
            end = left + width if stack else max(end, left + width)
        made.append(f'<text class="figure" x="{end + 8:.1f}" y="{top + 19}">{escape(bar.text)}</text>')
    height = len(bars) * ROW + GAP
    return (
        f'<figure>{_legend(series)}<svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title, quote=True)}">{"".join(made)}</svg></figure>'
    )


def columns(title: str, series: Sequence[str], bars: Sequence[Bar], tick: str) -> str:
    """Vertical bars side by side, a group for each label; `tick` writes what the tallest stands for."""
    height, base, left = 240, 200, 12
    most = max((max(bar.parts) for bar in bars), default=0) or 1
    step = (WIDTH - 2 * left) / max(1, len(bars))
    each = min(26.0, (step - 10) / max(1, len(series)))
    made = [
        f'<line class="axis" x1="{left}" x2="{WIDTH - left}" y1="{base}" y2="{base}"/>',
        f'<line class="grid" x1="{left}" x2="{WIDTH - left}" y1="30" y2="30"/>',
        f'<text class="tick" x="{left}" y="24">{escape(tick)}</text>',
    ]
    for place, bar in enumerate(bars):
        middle = left + step * (place + 0.5)
        start = middle - each * len(bar.parts) / 2
        for n, part in enumerate(bar.parts):
            tall = part * (base - 30) / most
            made.append(
                f'<rect class="s{n}" x="{start + n * each:.1f}" y="{base - tall:.1f}" width="{each - 2:.1f}" '
                f'height="{tall:.1f}" rx="2"><title>{escape(bar.text)}</title></rect>'
            )
        made.append(f'<text class="month" x="{middle:.1f}" y="{base + 20}">{escape(bar.label)}</text>')
    return (
        f'<figure>{_legend(series)}<svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title, quote=True)}">{"".join(made)}</svg></figure>'
    )


def _legend(series: Sequence[str]) -> str:
    if len(series) < 2:
        return ""
    keys = "".join(f'<span><i class="k{n}"></i>{escape(name)}</span>' for n, name in enumerate(series))
    return f'<figcaption class="legend">{keys}</figcaption>'
