"""A pack for one body that reviews the plan: position, reserve, plan, exceptions and decisions; no row is of a child.

Lines about few children, or chiefly about one, stand together with others, so that none of them can be worked out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hnb.calendar import year_label
from hnb.charts import Bar
from hnb.money import MILLION
from hnb.words import day, millions, moment, title
from ledger.domain.documents import Chart, Document, Headline, Section, Table
from ledger.domain.exceptions import TITLES, Kind
from ledger.domain.positions import Figures, Reserve, in_total
from ledger.domain.recovery import telling
from ledger.domain.recovery.plan import Body
from ledger.domain.recovery.report import Report
from ledger.domain.reserve import reserve_chart, to_come
from ledger.outlook.result import OverrideEnd, Spread

FOR = (Body.SCHOOLS_FORUM, Body.SCRUTINY, Body.ADVISORY_GROUP)
OVERRIDE = (
    "While the statutory override lasts, the deficit stands in an account of its own. Once it ends, the deficit counts "
    "against the council's general reserves. Where they do not cover it, its chief finance officer has to consider a "
    "report under section 114 of the Local Government Finance Act 1988."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a pack has beside the plan: the position, where the reserve is going, what finance has to look at."""

    lines: Mapping[str, Figures]
    total: Figures
    path: Mapping[int, Reserve]
    forecast: Mapping[int, Spread]  # the reserve at the end of the years to come
    override_ends: Mapping[str, OverrideEnd]  # by the scenario's title
    exceptions: Mapping[Kind, int]
    waiting: int  # events that wait for what they are about


def pack(report: Report, standing: Standing, body: Body) -> Document:
    """The document for a body: scrutiny's has the risks too, before the decisions."""
    more = (_section_114(report, standing), telling.risks(report)) if body is Body.SCRUTINY else ()
    return Document(
        title=f"{report.plan.council}: {report.plan.title}, {year_label(report.year)}, "
              f"for {telling.BODIES[body][:1].lower()}{telling.BODIES[body][1:]}",
        headlines=_headlines(report, standing),
        sections=(
            _about(report), _position(report, standing), _reserve(standing), telling.measures(report, public=True),
            _exceptions(standing), *more, telling.reviews(report),
        ),
    )  # fmt: skip


def grouped(lines: Mapping[str, Figures], small: frozenset[str]) -> list[tuple[str, Figures]]:
    """Lines with what is told of them; small ones in one row, with the least of the others so that two stand in it."""
    own = {line: of for line, of in lines.items() if in_total(line)}
    inside = {line for line in own if line in small}
    if inside:
        others = sorted((line for line in own if line not in inside), key=lambda line: (own[line].cost_pence, line))
        inside |= set(others[:1])
    shown = [(title(line), of) for line, of in own.items() if line not in inside]
    if inside:
        name = f"Smaller lines together: {', '.join(sorted(map(title, inside)))}"
        shown.append((name, _sum([own[line] for line in sorted(inside)])))
    return shown


def _sum(lines: Sequence[Figures]) -> Figures:
    return Figures(
        sum(one.budget_pence for one in lines), sum(one.committed_pence for one in lines),
        sum(one.spent_pence for one in lines), sum(one.provisional_pence for one in lines),
        sum(one.contingent_pence for one in lines),
    )  # fmt: skip


def _headlines(report: Report, standing: Standing) -> tuple[Headline, ...]:
    of = standing.path[report.year]
    planned, measured = report.total.to_date
    hidden = telling.withheld(report.plan.lines, report)
    moved = "kept back" if hidden else telling.NONE if measured is None else millions(measured)
    return (
        Headline(title="Grant", figure=millions(of.grant_pence)),
        Headline(title="Cost as known", figure=millions(of.cost_pence), note="committed and spent"),
        Headline(title="In-year balance", figure=millions(of.in_year_pence)),
        Headline(title=f"Reserve, 31 March {report.year + 1}", figure=millions(of.closing_pence)),
        Headline(title="Planned savings to date", figure=millions(planned)),
        Headline(title="Lines moved by", figure=moved, note="against their baselines"),
    )


def _about(report: Report) -> Section:
    return Section(
        id="about", title="About this pack", paragraphs=(
            f"As known at {moment(report.known_at)}, looked at on {day(report.on)}.",
            f"It is about version {report.number} of the plan.",
            "Amounts in millions are rounded, so sums may differ by a little.",
        ),
    )  # fmt: skip


def _position(report: Report, standing: Standing) -> Section:
    shown = [*grouped(standing.lines, report.small), ("High Needs Block", standing.total)]
    return Section(
        id="position", title="Position by line",
        charts=(Chart(title="Cost as known by line", bars=tuple(
            Bar(name.split(":")[0], of.cost_pence / MILLION, millions(of.cost_pence)) for name, of in shown[:-1]
        )),),
        tables=(
            Table(
                caption=f"Position of {year_label(report.year)}",
                head=("Line", "Budget", "Committed", "Spent", "Headroom"),
                rows=tuple(
                    (name, *map(millions, (of.budget_pence, of.committed_pence, of.spent_pence, of.headroom_pence)))
                    for name, of in shown
                ),
                numeric=4, total=True,
            ),
        ),
        notes=("Headroom below nought is an overspend against the line's budget.",),
    )  # fmt: skip


def _reserve(standing: Standing) -> Section:
    path = sorted(standing.path.items())
    expected = to_come(standing.path, standing.forecast)
    rows: list[tuple[str, ...]] = [
        (year_label(year), "As known", millions(of.closing_pence), telling.NONE, telling.NONE) for year, of in path
    ]
    rows += [(year_label(year), "Forecast", *map(millions, (s.p50, s.p10, s.p90))) for year, s in expected.items()]
    return Section(
        id="reserve", title="Where the reserve is going",
        paragraphs=() if expected else ("No forecast has been made yet.",),
        charts=(reserve_chart(standing.path, standing.forecast),),
        tables=(Table(caption="Reserve on 31 March", head=("Year", "Basis", "Middle", "Low", "High"), rows=tuple(rows),
                      numeric=3),),
        notes=("A minus sign means a deficit. Eight futures in ten fall between low and high.",),
    )  # fmt: skip


def _exceptions(standing: Standing) -> Section:
    rows = [(TITLES[kind], f"{count:,}") for kind, count in standing.exceptions.items()]
    rows.append(("Events that wait for what they are about", f"{standing.waiting:,}"))
    return Section(
        id="exceptions", title="What finance has to look at",
        tables=(Table(caption="Exceptions, counted", head=("What", "How many"), rows=tuple(rows), numeric=1),),
    )  # fmt: skip


def _section_114(report: Report, standing: Standing) -> Section:
    """What meets the council's own reserves when the deficit no longer stands apart: with every date that is said."""
    rows = [
        (name, day(end.ends), millions(end.reserve_pence.p50), millions(end.reserve_pence.p10),
         millions(end.reserve_pence.p90), f"{end.likely_deficit:.0%}")
        for name, end in standing.override_ends.items()
    ]  # fmt: skip
    dates: set[date] = {end.ends for end in standing.override_ends.values()}
    words = [OVERRIDE]
    if not rows:
        words.append("No forecast that knows the end of the override has been made yet.")
    if len(dates) > 1:
        words.append("The forecast's scenarios do not agree on the day it ends: each is shown by its own.")
    disputed = [risk.title for risk in report.plan.risks if risk.disputed]
    if disputed:
        words.append(f"Sources disagree about: {', '.join(disputed)}. What each says is under Risks.")
    return Section(
        id="section-114", title="Section 114", paragraphs=tuple(words),
        tables=(Table(caption="Reserve when the override ends",
                      head=("Scenario", "It ends", "Middle", "Low", "High", "Futures with a deficit"),
                      rows=tuple(rows), numeric=4),),
    )  # fmt: skip
