"""Tribunals: how many appeals there are, what they could cost, how they end, what they cost and why they come.

Appeals and their costs come from the register, to the penny; what they could cost the block, and the tribunal line,
from the ledger. Of a year chosen the register's views are asked: its figures for Prometheus reach back three years.
"""

from boards.board import Board
from boards.panels import (
    BLUE,
    ORANGE,
    PINK,
    POUNDS,
    RED_BELOW_NOUGHT,
    Query,
    bars,
    columns,
    named,
    now,
    rows,
    stat,
    steps,
    table,
)
from boards.position import by_line, in_total
from boards.register import COUNT, DAY, MONTH, OF, OF_YEAR, once, or_none

_LODGED = f"FROM finance.appeals WHERE {OF} AND lodged_year = ${{financial_year:sqlstring}}::int"
_CONCLUDED = f"FROM finance.appeals WHERE {OF} AND concluded_year = ${{financial_year:sqlstring}}::int"
_MONTHS = f"FROM finance.appeal_months WHERE {OF_YEAR} AND month <= now() ORDER BY month"
_COSTS = f"FROM finance.appeal_costs WHERE {OF_YEAR}"
_AGAINST = "count(*) FILTER (WHERE against_the_authority)"
_SHARE = f"100.0 * {_AGAINST} / nullif(count(*), 0)"
_TRIBUNAL = ', provision="tribunal"'


def _counted(*names: str) -> list[dict[str, object]]:
    """Columns of counts in a table of pounds."""
    return [named(name, unit=COUNT, decimals=0) for name in names]


def _of_line(measure: str, name: str) -> Query:
    return now(by_line(measure, _TRIBUNAL), name)


HEADLINE = [
    stat("Open today", "Appeals lodged and not concluded.", now(or_none(once("appeals_open"))), unit=COUNT),
    stat("Lodged in the year", "Appeals lodged in the financial year chosen.",
         rows("register", f'SELECT count(*) AS "Lodged" {_LODGED}'), unit=COUNT),
    stat("Concluded in the year", "Appeals concluded in the financial year chosen, however they ended.",
         rows("register", f'SELECT count(*) AS "Concluded" {_CONCLUDED}'), unit=COUNT),
    stat("Ended against the authority",
         "Of the appeals concluded in the year chosen, the share upheld, upheld in part or conceded.",
         rows("register", f'SELECT {_SHARE} AS "Against" {_CONCLUDED}'), unit="percent", decimals=1),
    stat("Cost of the year",
         "What was incurred on appeals in the year chosen: officers, lawyers, consultants, experts. From the general "
         "fund, never the High Needs Block.",
         rows("register", f'SELECT coalesce(sum(amount_pence), 0) / 100.0 AS "Cost" {_COSTS}'), unit=POUNDS),
    stat("Contingent: if all open ones were lost",
         "What the open appeals seek beyond what is in place, this year: what they could cost the High Needs Block. "
         "Shown beside what is committed and never added to it.",
         now(in_total("contingent")), unit=POUNDS, colours=steps(PINK)),
    columns("Is it growing? Lodged and concluded, by month", "Appeals lodged, and appeals concluded, in each month.",
            rows("register", f'SELECT {MONTH}, lodged AS "Lodged", concluded AS "Concluded" {_MONTHS}'),
            unit=COUNT, x="Month", colours={"Lodged": BLUE, "Concluded": ORANGE}),
    columns("Open at the end of each month", "Appeals lodged by then and not concluded by then.",
            rows("register", f'SELECT {MONTH}, open AS "Open" {_MONTHS}'), unit=COUNT, x="Month",
            colours={"Open": BLUE}),
]  # fmt: skip

STAKES = [
    bars("Contingent this year, by line",
         "What the open appeals could cost the lines they seek a place on, less what the child's place costs now.",
         now(f"sort_desc({by_line('contingent')} > 0)", "{{provision}}"), unit=POUNDS, colours=steps(PINK)),
    table("Which open appeals could cost most?",
          "The hundred appeals with the largest possible cost in the year chosen and the one after, as the ledger "
          "works it out from what they seek. What is won late in a year costs most in the one after. The ledger's "
          "/commitments says of each how.",
          rows("ledger", f"""
            SELECT commitment AS "Appeal", provision AS "Line sought",
                coalesce(sum(contingent_pence) FILTER (WHERE financial_year = year), 0) / 100.0 AS "In the year",
                coalesce(sum(contingent_pence) FILTER (WHERE financial_year = year + 1), 0) / 100.0 AS "The year after"
            FROM finance.commitments, (SELECT ${{financial_year:sqlstring}}::int) AS chosen (year)
            WHERE {OF} AND kind = 'appeal' AND financial_year IN (year, year + 1) AND contingent_pence <> 0
            GROUP BY commitment, provision ORDER BY sum(contingent_pence) DESC, commitment LIMIT 100"""),
          unit=POUNDS, width=16, height=8),
    table("Where does each open appeal stand?",
          "Every open appeal, the oldest first, by its own reference: what it is against, which sections of the plan, "
          "whether a mediation came before it, what it seeks, and what it has cost so far beside what was expected.",
          rows("register", f"""
            SELECT appeal_id AS "Appeal", appeal_type AS "Against", sections AS "Sections", lodged_on AS "Lodged",
                days AS "Days open", mediation AS "Mediation", provision_sought AS "Provision sought",
                cost_pence / 100.0 AS "Cost so far", expected_cost_pence / 100.0 AS "Expected cost"
            FROM finance.appeals WHERE {OF} AND stage = 'open' ORDER BY days DESC, appeal_id LIMIT 500"""),
          unit=POUNDS, overrides=[*_counted("Days open"), named("Lodged", unit=DAY)]),
]  # fmt: skip

ENDS = [
    bars("Where do those lodged in the year stand?",
         "Appeals lodged in the year chosen: still open, settled between the parties, or decided by the tribunal, with "
         "a hearing or without one, where that was said.",
         rows("register", f"""
            SELECT CASE WHEN stage = 'open' THEN 'open'
                    WHEN outcome IN ('conceded', 'withdrawn', 'mediated') THEN outcome
                    WHEN hearing = 'not-said' THEN 'decided' ELSE 'decided ' || hearing || ' a hearing' END AS "Stage",
                count(*) AS "Appeals"
            {_LODGED} GROUP BY 1 ORDER BY 2 DESC"""),
         unit=COUNT),
    bars("How did those concluded in the year end?",
         "Upheld, upheld in part and conceded went against the authority.",
         rows("register", f"""
            SELECT outcome AS "Outcome", count(*) AS "Appeals" {_CONCLUDED} GROUP BY outcome ORDER BY 2 DESC"""),
         unit=COUNT),
    table("Did mediation settle it?",
          "Mediations held in the year chosen, by outcome, and how many of them an appeal followed within half a year.",
          rows("register", f"""
            SELECT outcome AS "Outcome", count(*) AS "Held", count(*) FILTER (WHERE followed_by_appeal)
                AS "Followed by an appeal", 100.0 * count(*) FILTER (WHERE NOT followed_by_appeal) / count(*)
                AS "Settled without"
            FROM finance.mediations WHERE {OF_YEAR} GROUP BY outcome ORDER BY 2 DESC"""),
          unit=COUNT, width=8, height=8, overrides=[named("Settled without", unit="percent", decimals=1)]),
    table("By what they were against",
          "Appeals lodged and concluded in the year chosen by the decision appealed, and how many of those concluded "
          "went against the authority.",
          rows("register", f"""
            SELECT appeal_type AS "Against", count(*) FILTER (WHERE lodged_year = year) AS "Lodged",
                count(*) FILTER (WHERE concluded_year = year) AS "Concluded",
                count(*) FILTER (WHERE concluded_year = year AND against_the_authority) AS "Against the authority",
                100.0 * count(*) FILTER (WHERE concluded_year = year AND against_the_authority)
                    / nullif(count(*) FILTER (WHERE concluded_year = year), 0) AS "Share"
            FROM finance.appeals, (SELECT ${{financial_year:sqlstring}}::int) AS chosen (year)
            WHERE {OF} AND year IN (lodged_year, concluded_year) GROUP BY appeal_type ORDER BY 2 DESC"""),
          unit=COUNT, width=12, height=7, overrides=[named("Share", unit="percent", decimals=1)]),
    table("After a mediation, and without one",
          "Appeals concluded in the year by whether a mediation came before them. A comparison, not an effect: "
          "families who mediate, and disputes that are mediated, differ from the others. Mean cost is over the appeals "
          "with any cost recorded.",
          rows("register", f"""
            SELECT mediation AS "Mediation", count(*) AS "Appeals", {_AGAINST} AS "Against the authority",
                {_SHARE} AS "Share", avg(days) AS "Mean days", avg(cost_pence) / 100 AS "Mean cost"
            {_CONCLUDED} GROUP BY mediation ORDER BY mediation"""),
          unit=POUNDS, width=12, height=7,
          overrides=[*_counted("Appeals", "Against the authority", "Mean days"),
                     named("Share", unit="percent", decimals=1)]),
]  # fmt: skip

COST = [
    bars("What is it spent on?", "Costs incurred in the year chosen, by kind.",
         rows("register", f"""
            SELECT kind AS "Kind", sum(amount_pence) / 100.0 AS "Cost" {_COSTS} GROUP BY kind ORDER BY 2 DESC"""),
         unit=POUNDS),
    columns("Cost by month", "Costs incurred in each month of the year chosen, of whichever appeals.",
            rows("register", f'SELECT {MONTH}, cost_pence / 100.0 AS "Cost" {_MONTHS}'), unit=POUNDS, x="Month",
            colours={"Cost": BLUE}, decimals=0, width=16),
    stat("The tribunal line against its budget",
         "As the ledger has it, in the general fund: its budget, what appeals have cost or are expected to cost and "
         "nobody has paid yet, what was paid, and what is left. Below nought (red, with a minus) is over budget.",
         _of_line("budget", "Budget"), _of_line("committed", "Committed"), _of_line("spent", "Spent"),
         _of_line("headroom", "Headroom"), unit=POUNDS, colours=RED_BELOW_NOUGHT, width=8, height=8),
    table("Consultants and expert witnesses",
          "Fees of the year chosen by supplier, the appeals each worked on, and whether the criteria for the "
          "appointment were met, where that was said.",
          rows("register", f"""
            SELECT coalesce(supplier_ref, 'not said') AS "Supplier", sum(amount_pence) / 100.0 AS "Fees",
                count(*) AS "Fees paid", count(DISTINCT appeal_id) AS "Appeals",
                count(*) FILTER (WHERE criteria_met) AS "Criteria met",
                count(*) FILTER (WHERE NOT criteria_met) AS "Not met",
                count(*) FILTER (WHERE criteria_met IS NULL) AS "Not said"
            {_COSTS} AND kind IN ('consultant', 'expert-witness') GROUP BY supplier_ref ORDER BY 2 DESC LIMIT 100"""),
          unit=POUNDS, width=16, height=8,
          overrides=_counted("Fees paid", "Appeals", "Criteria met", "Not met", "Not said")),
]  # fmt: skip

CAUSES = [
    table("Root causes of the appeals concluded in the year",
          "As recorded when each was concluded. A repeat is an appeal lodged after the cause had first been recorded, "
          "whenever that was: what might have been prevented.",
          rows("register", f"""
            SELECT root_cause AS "Root cause", appeals AS "Appeals", repeats AS "Repeats",
                against_the_authority AS "Against the authority", coalesce(cost_pence, 0) / 100.0 AS "Cost"
            FROM finance.root_causes WHERE {OF_YEAR} ORDER BY appeals DESC, root_cause LIMIT 100"""),
          unit=POUNDS, width=14, height=8, overrides=_counted("Appeals", "Repeats", "Against the authority")),
    bars("What the tribunal ordered: is it done?",
         "What appeals lost or conceded ask of the authority by law: done in time (met) or late, still running, "
         "overdue, or not to be seen from any event. Overdue is a critical alert.",
         now(f"sort_desc({once('tribunal_deadlines', 'state')})", "{{state}}"), unit=COUNT, width=10),
]  # fmt: skip

YEARS = [
    table("Year by year",
          "What is on record of each financial year. Tribunal costs were not recorded robustly from 2020 until "
          "December 2024 (scrutiny review of the High Needs Block, 8.2): figures before it are what is on record, not "
          "what was.",
          rows("register", f"""
            SELECT financial_year || '-' || right((financial_year + 1)::text, 2) AS "Year", sum(lodged) AS "Lodged",
                sum(concluded) AS "Concluded", (array_agg(open ORDER BY month DESC))[1] AS "Open at its end",
                sum(mediations) AS "Mediations", sum(cost_pence) / 100.0 AS "Cost",
                CASE WHEN bool_and(reliable) THEN 'reliably' WHEN bool_or(reliable)
                    THEN 'not reliably before December 2024' ELSE 'not reliably' END AS "Recorded"
            FROM finance.appeal_months WHERE {OF} AND month <= now() GROUP BY financial_year ORDER BY 1 DESC"""),
          unit=POUNDS, height=7, overrides=_counted("Lodged", "Concluded", "Open at its end", "Mediations")),
]  # fmt: skip

TRIBUNALS = Board(
    "hnb-tribunals",
    "Tribunals",
    "How many appeals there are, what they could cost, how they end, what they cost and why they come. Figures before "
    "December 2024 are not reliably recorded. As the register and the ledger know it; never a child.",
    [
        ("How many appeals are there, how do they end, and what do they cost?", HEADLINE),
        ("What is at stake in the open ones?", STAKES),
        ("Where do they stand, and how do they end?", ENDS),
        ("What do they cost?", COST),
        ("Why do they come, and was what they led to done?", CAUSES),
        ("What do earlier years show? Before December 2024 costs were not reliably recorded", YEARS),
    ],
    of=["ledger", "register"],
)
