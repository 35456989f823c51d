"""A recovery plan's report in sections: what stands on the page, and, without what could tell of a child, in a pack."""

from collections.abc import Iterable, Sequence

from hnb.calendar import year_label
from hnb.charts import Point
from hnb.money import MILLION
from hnb.words import day, moment, title, whole_pounds
from ledger.domain.disclosure import FEW, KEPT_BACK
from ledger.domain.documents import Chart, Section, Table
from ledger.domain.profiles import month_ends
from ledger.domain.recovery.measuring import CANNOT_SAY, MeasureStands, Months
from ledger.domain.recovery.plan import IN_PENCE, Body, Kpi
from ledger.domain.recovery.report import Report

NONE = "–"
KPIS = {
    Kpi.PLACEMENTS: "Placements", Kpi.COMMITMENTS: "Commitments", Kpi.MEAN_PRICE: "Mean price a year",
    Kpi.COST_TO_DATE: "Cost to date", Kpi.SPEND_TO_DATE: "Paid to date",
}  # fmt: skip
BODIES = {
    Body.SCHOOLS_FORUM: "Schools forum", Body.SCRUTINY: "Scrutiny", Body.ADVISORY_GROUP: "Advisory group",
    Body.CABINET: "Cabinet", Body.SEND_BOARD: "SEND board", Body.DFE: "Department for Education",
}  # fmt: skip


def measures(report: Report, *, public: bool) -> Section:
    """Each measure: who answers for it, what it plans, by how much its lines moved, and how its KPI stands."""
    rows = [_measure(one, report, public=public) for one in report.measures]
    planned, measured = _to_date(report, public=public)
    return Section(
        id="measures",
        title="Planned against measured",
        paragraphs=(
            f"Version {report.number} of the plan, made by {report.made_by} on {moment(report.made_at)}.",
            *((report.plan.note,) if report.plan.note else ()),
            CANNOT_SAY,
        ),
        charts=_chart(report, public=public),
        tables=(
            Table(
                caption="Measures: planned against measured, to the end of the last month",
                head=("Measure", "Owner", "Lines", "Planned, whole year", "Planned to date", "Lines moved by"),
                rows=(*rows, ("All measures", "", "each line once", _pounds(sum(report.total.planned)), planned,
                              measured)),
                numeric=3, total=True,
            ),
            _by_month(report, public=public),
            Table(
                caption="KPIs",
                head=("Measure", "KPI", "Measured on", "Status", "Baseline", "Measured", "Line to target", "Target"),
                rows=tuple(_kpi(one, report, public=public) for one in report.measures), numeric=4,
            ),
            *_forecast(report),
        ),
        notes=(*_notes(report, public=public),),
    )  # fmt: skip


def reviews(report: Report) -> Section:
    """What is to be done by whom and when, and the reviews that said so."""
    due = [
        (one.decision.text, one.decision.owner, day(one.held_on), day(one.decision.due),
         "Overdue" if one.overdue(report.on) else "Open") for one in report.still_open
    ]  # fmt: skip
    held = [
        (day(one.held_on), ", ".join(BODIES[body] for body in one.attended), one.rating.value.capitalize(),
         one.summary, f"{len(one.decisions)} taken, {len(one.done)} done", day(one.next_review))
        for one in report.reviews
    ]  # fmt: skip
    following = report.next_review
    words = f"The next review is on {day(following)}." if following else "No review has been held yet."
    if following and following < report.on:
        words = f"The next review was due on {day(following)}, and none is on record since."
    return Section(
        id="reviews", title="Reviews and decisions", paragraphs=(words,),
        tables=(
            Table(caption="Decisions due", head=("Decision", "Owner", "Taken on", "Due", "State"), rows=tuple(due),
                  numeric=0),
            Table(caption="Reviews", head=("Held on", "Attended by", "Rating", "Summary", "Decisions", "Next"),
                  rows=tuple(held), numeric=0),
        ),
    )  # fmt: skip


def risks(report: Report) -> Section:
    """What could undo the plan; where sources disagree, what each of them says."""
    found = [
        (risk.title, risk.owner, said.source, said.says, "Sources disagree" if risk.disputed else "")
        for risk in report.plan.risks for said in risk.statements
    ]  # fmt: skip
    return Section(
        id="risks", title="Risks", tables=(
            Table(caption="Risks of the plan", head=("Risk", "Owner", "Source", "What it says", "Note"),
                  rows=tuple(found), numeric=0),
        ),
    )  # fmt: skip


def withheld(lines: Iterable[str], report: Report) -> bool:
    """Whether money of these lines could tell of a few children."""
    return bool(set(lines) & report.small)


def _measure(one: MeasureStands, report: Report, *, public: bool) -> tuple[str, ...]:
    planned, measured = one.months.to_date
    lines = [str(line) for line in one.measure.lines]
    hidden = public and withheld(lines, report)
    return (
        one.measure.title, one.measure.owner, ", ".join(map(title, lines)), _pounds(sum(one.months.planned)),
        _pounds(planned), KEPT_BACK if hidden else _pounds(measured),
    )  # fmt: skip


def _to_date(report: Report, *, public: bool) -> tuple[str, str]:
    planned, measured = report.total.to_date
    # With one line kept back the sum of all would tell it.
    return _pounds(planned), KEPT_BACK if public and withheld(report.plan.lines, report) else _pounds(measured)


def _chart(report: Report, *, public: bool) -> tuple[Chart, ...]:
    hidden = public and withheld(report.plan.lines, report)
    labels = _labels(report.year)
    plan = tuple(Point(label, pence / MILLION)
                 for label, pence in zip(labels, report.total.planned_so_far, strict=True))  # fmt: skip
    shown = tuple(
        Point(label, pence / MILLION)
        for label, pence in zip(labels, report.total.measured_so_far, strict=True)
        if pence is not None
    )  # fmt: skip
    if hidden or not shown:
        return ()
    name = "Saved since April in millions of pounds: planned (dashed), and what the lines moved by"
    return (Chart(title=name, points=shown, planned=plan),)


def _by_month(report: Report, *, public: bool) -> Table:
    hidden = public and withheld(report.plan.lines, report)
    months: Months = report.total
    rows = zip(
        _labels(report.year), months.planned, months.planned_so_far, months.measured, months.measured_so_far,
        strict=True,
    )  # fmt: skip
    return Table(
        caption=f"All measures by month, {year_label(report.year)}",
        head=("Month", "Planned", "Planned since April", "Lines moved by", "Moved since April"),
        rows=tuple(
            (label, _pounds(planned), _pounds(so_far), *((KEPT_BACK,) * 2 if hidden else (_pounds(m), _pounds(s))))
            for label, planned, so_far, m, s in rows
        ),
        numeric=4,
    )


def _kpi(one: MeasureStands, report: Report, *, public: bool) -> tuple[str, ...]:
    target, stands = one.measure.kpi, one.kpi
    lines = [str(line) for line in target.lines or one.measure.lines]
    money = target.what in IN_PENCE
    hidden = public and (withheld(lines, report) or (not money and 0 < (stands.measured or 0) < FEW))
    shown = [_figure(pence, money) for pence in (stands.baseline, stands.measured, stands.expected, stands.target)]
    if hidden:
        shown[1] = KEPT_BACK
    return (
        one.measure.title, f"{KPIS[target.what]}: {', '.join(map(title, lines))}", day(stands.on),
        KEPT_BACK if hidden else stands.status.value.capitalize(), *shown,
    )  # fmt: skip


def _forecast(report: Report) -> Sequence[Table]:
    rows = [
        (one.measure.title, str(one.measure.scenario), _pounds(spread.p50), _pounds(spread.p10), _pounds(spread.p90))
        for one in report.measures if (spread := report.forecast.get(one.measure.id)) is not None
    ]  # fmt: skip
    if not rows:
        return ()
    return (
        Table(caption=f"What the forecast's scenarios save by 31 March {report.year + 1}",
              head=("Measure", "Scenario", "Middle", "Low", "High"), rows=tuple(rows), numeric=3),
    )  # fmt: skip


def _notes(report: Report, *, public: bool) -> Iterable[str]:
    yield "A line's movement is its baseline less what it costs: above nought it costs less than the baseline said."
    for line, baseline in sorted(report.baselines.items()):
        yield f"Baseline of {title(line)}: {baseline.source}."
    for one in report.measures:
        if one.shared_with:
            names = ", ".join(other.title for other in report.plan.measures if other.id in one.shared_with)
            yield f"{one.measure.title} shares a line with {names}: the same movement stands beside each."
    if public:
        yield ("The letter c means that a figure is kept back, because it is about a few children, or chiefly one, "
               "or would tell such a figure.")  # fmt: skip


def _figure(value: int | None, money: bool) -> str:
    return _pounds(value) if money or value is None else f"{value:,}"


def _pounds(pence: int | None) -> str:
    return NONE if pence is None else whole_pounds(pence)


def _labels(year: int) -> list[str]:
    return [f"{end:%b %Y}" for end in month_ends(year)]
