"""Charts as SVG that needs no style sheet and no script: bars of amounts, and a line with the band about it.

A picture beside a table that says the same; so it is one image to a screen reader, with a name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup, escape

# Of the Government Analysis Function's palette: apart from each other for everyone, and from white.
BLUE, ORANGE, GREY, INK = "#12436d", "#f46a25", "#bfbfbf", "#0b0c0c"
WIDTH = 960
_ROW, _LABELS, _VALUES = 34, 330, 120
_HEIGHT, _LEFT, _RIGHT, _TOP, _FOOT = 380, 110, 120, 24, 48
_TICKS = 5
_MOST_LABELS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One amount, in words too."""

    label: str
    value: float
    words: str


@dataclass(frozen=True, slots=True)
class Point:
    """One moment of a line: low and high are the edges of its band, where it has one."""

    label: str
    middle: float
    low: float | None = None
    high: float | None = None


def bars(name: str, rows: Sequence[Bar]) -> Markup:
    """Bars that lie, the label before and the words behind each; below nought they hang to the left of the line."""
    least, most = min([0.0, *(row.value for row in rows)]), max([0.0, *(row.value for row in rows)])
    room = WIDTH - _LABELS - _VALUES

    def across(value: float) -> float:
        return _LABELS + room * (value - least) / ((most - least) or 1)

    drawn = []
    for number, row in enumerate(rows):
        top, (start, end) = number * _ROW, sorted((across(0), across(row.value)))
        drawn += [
            _text(_LABELS - 10, top + 22, row.label, "end"),
            _rect(start, top + 5, max(end - start, 1), _ROW - 10),
            _text(end + 8, top + 22, row.words),
        ]
    return _svg(name, len(rows) * _ROW, drawn)


def fan(name: str, points: Sequence[Point], words: Callable[[float], str], planned: Sequence[Point] = ()) -> Markup:
    """A line through moments with the band about it, and a dashed line of what was planned, where that is known."""
    if not points:
        return Markup("")
    longest = max(points, planned, key=len)
    plane = _Plane([p.label for p in longest], [v for p in (*points, *planned) for v in (p.low, p.middle, p.high)])
    band = [p for p in points if p.low is not None and p.high is not None]
    around = [(p.label, p.low or 0.0) for p in band] + [(p.label, p.high or 0.0) for p in reversed(band)]
    known = [(p.label, p.middle) for p in planned if p.label in plane.labels]
    last = points[-1]
    drawn = [
        *plane.drawn(words),
        f'<polygon points="{plane.path(around)}" fill="{BLUE}" fill-opacity="0.25"/>' if band else "",
        plane.line(known, f'stroke="{ORANGE}" stroke-width="3" stroke-dasharray="8 6"') if known else "",
        plane.line([(p.label, p.middle) for p in points], f'stroke="{BLUE}" stroke-width="3"'),
        _text(plane.across(last.label) + 8, plane.down(last.middle) + 5, words(last.middle)),
    ]
    return _svg(name, _HEIGHT, drawn)


class _Plane:
    """Moments across, amounts down, with round figures at the lines behind."""

    def __init__(self, labels: Sequence[str], edges: Sequence[float | None]) -> None:
        values = [0.0, *(v for v in edges if v is not None)]
        self.labels, self._ticks = labels, _ticks(min(values), max(values))

    def across(self, label: str) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * self.labels.index(label) / max(len(self.labels) - 1, 1)

    def down(self, value: float) -> float:
        least, most = self._ticks[0], self._ticks[-1]
        return _TOP + (_HEIGHT - _TOP - _FOOT) * (most - value) / (most - least)

    def path(self, values: Sequence[tuple[str, float]]) -> str:
        return " ".join(f"{self.across(label):.1f},{self.down(value):.1f}" for label, value in values)

    def line(self, values: Sequence[tuple[str, float]], how: str) -> str:
        return f'<polyline points="{self.path(values)}" fill="none" {how}/>'

    def drawn(self, words: Callable[[float], str]) -> list[str]:
        """The lines behind, and the words at both axes."""
        lines = [
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{self.down(t):.1f}" y2="{self.down(t):.1f}" '
            f'stroke="{GREY if t else INK}"/>'
            for t in self._ticks
        ]
        amounts = [_text(_LEFT - 8, self.down(t) + 5, words(t), "end") for t in self._ticks]
        shown = self.labels[:: ceil(len(self.labels) / _MOST_LABELS)]
        return [*lines, *amounts, *(_text(self.across(label), _HEIGHT - 16, label, "middle") for label in shown)]


def _rect(x: float, y: float, wide: float, tall: float) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{BLUE}"/>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-family="arial, sans-serif" font-size="16" '
        f'fill="{INK}">{escape(words)}</text>'
    )


def _ticks(least: float, most: float) -> list[float]:
    """Round figures from below the least to above the most, about five of them."""
    rough = ((most - least) or 1) / _TICKS
    power = 10 ** floor(log10(rough))
    step = next(power * by for by in (1, 2, 5, 10) if power * by >= rough)
    return [step * n for n in range(floor(least / step), ceil(most / step) + 1)] or [0.0, step]


def _svg(name: str, height: int, drawn: Sequence[str]) -> Markup:
    return Markup(  # noqa: S704 - what comes from outside is escaped where it is put in
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(name)}">{"".join(drawn)}</svg>'
    )
