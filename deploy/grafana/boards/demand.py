"""Demand and places: how many plans there are, who waits, whether limits are kept; `places` has whether there is room.

What is live comes from Prometheus; what is of a month, a year or one setting from the register's views: its figures for
Prometheus reach back two calendar years, and an older year may be chosen.
"""

from boards import places, thresholds
from boards.board import Board
from boards.panels import (
    BLUE,
    ORANGE,
    PINK,
    RED,
    SKY,
    Query,
    bars,
    coloured,
    columns,
    course,
    lines,
    named,
    now,
    rows,
    stat,
    steps,
    table,
)
from boards.register import COUNT, DAY, MONTH, NOT_PUBLIC, OF, OF_YEAR, once, or_none

# Of a month to come there is only what was said ahead of it.
_MONTHS = f"FROM finance.demand_months WHERE {OF_YEAR} AND month <= now() ORDER BY month"
_OVERDUE, _FINITE = 'state="overdue"', 'le!="+Inf"'

WAITING = or_none(once("plans_waiting"))
OVERDUE = or_none(f"sum by (authority) ({once('statutory_clocks', 'limit_weeks, state', _OVERDUE)})")


def of_the_year(column: str) -> Query:
    """What the months of the year chosen come to."""
    return rows("register", f'SELECT sum({column}) AS "{column}" FROM finance.demand_months WHERE {OF_YEAR}')


HEADLINE = [
    stat("Plans in force", "Education, Health and Care Plans issued and not ceased, today.", now(once("plans")),
         unit=COUNT),
    stat("Issued in the year", "Plans issued in the financial year chosen, those of children who moved in included.",
         of_the_year("issued"), unit=COUNT),
    stat("Ceased in the year", "Plans that ceased in the financial year chosen, for whatever reason.",
         of_the_year("ceased"), unit=COUNT),
    stat("Waiting, no place to come",
         "Plans in force whose child has no placement, and none agreed that starts later. Children educated at home "
         "are among them.",
         now(WAITING), unit=COUNT),
    stat("Requests past their limit",
         "Requests for an assessment whose statutory limit has passed today: 6 weeks to decide, 20 to a plan. Red as "
         "soon as there is one, as the alert is critical then.",
         now(OVERDUE), unit=COUNT, colours=steps(BLUE, (1, RED))),
    stat("Issued within 20 weeks",
         "Of the new plans issued in the financial year chosen, the share issued by the last day of week 20 from the "
         "request; those an exception lifts the limit for are left out. Further down by calendar year, as published.",
         rows("register", f"""
            SELECT 100.0 * sum(within_20_weeks_excluding_exceptions)
                / nullif(sum(plans_issued_excluding_exceptions), 0) AS "In time"
            FROM finance.timeliness_months WHERE {OF_YEAR}"""),
         unit="percent", decimals=1),
    columns("Is it growing? Plans issued and ceased, by month",
            "Where the blue column is the higher, there were more plans at the end of the month than before.",
            rows("register", f'SELECT {MONTH}, issued AS "Issued", ceased AS "Ceased" {_MONTHS}'),
            unit=COUNT, x="Month", colours={"Issued": BLUE, "Ceased": ORANGE}),
    columns("Plans in force at the end of each month",
            "As the register knows it now: a plan that was said late counts from the day it was issued. What ceased "
            "before the register began is not in it, so months long before that look lower than they were.",
            rows("register", f'SELECT {MONTH}, plans_in_force AS "In force" {_MONTHS}'),
            unit=COUNT, x="Month", colours={"In force": BLUE}),
]  # fmt: skip

REQUESTS = [
    columns("Requests for an assessment, by month", "Requests received in each month of the year chosen.",
            rows("register", f'SELECT {MONTH}, requests AS "Received" {_MONTHS}'), unit=COUNT, x="Month",
            colours={"Received": BLUE}, width=8),
    columns("What was decided of requests, by month",
            "Decisions made in each month, whenever the request came: to assess, not to assess, assessed but no plan, "
            "and requests that were withdrawn or whose child moved on.",
            rows("register", f"""
                SELECT {MONTH}, assessed AS "Assess", refused AS "Do not assess", no_plan AS "No plan",
                    closed_otherwise AS "Withdrawn" {_MONTHS}"""),
            unit=COUNT, x="Month", stacked=True, width=8,
            colours={"Assess": BLUE, "Do not assess": ORANGE, "No plan": PINK, "Withdrawn": SKY}),
    lines("Plans in force, over the time looked at",
          "As the register knew it at each moment: a step is news that arrived then.",
          course(once("plans"), "In force"), unit=COUNT, stepped=True, colours={"In force": BLUE}, width=8),
]  # fmt: skip

WAITS = [
    bars("Waits by phase",
         "Plans in force whose child has no live placement today, by phase of education; those with a place that "
         "starts later are counted too.",
         rows("register", f"""
            SELECT phase AS "Phase", sum(without_place + place_to_come) AS "Waiting" FROM finance.waits WHERE {OF}
            GROUP BY phase ORDER BY 2 DESC"""),
         unit=COUNT, width=8),
    table("Who waits, and how long so far?",
          "The same waits by phase, primary need and the provision the child's latest appeal seeks (the register knows "
          f"of no other wish), with the days since the plan was issued or the last placement ended. {NOT_PUBLIC}",
          rows("register", f"""
            SELECT phase AS "Phase", primary_need AS "Need", provision_sought AS "Provision sought",
                without_place AS "No place to come", place_to_come AS "Place to come", days_median AS "Median days",
                days_longest AS "Longest, days"
            FROM finance.waits WHERE {OF} ORDER BY without_place + place_to_come DESC LIMIT 200"""),
          unit=COUNT, width=16, height=8),
    lines("Has the number waiting moved?", "Plans with no place to come, as the register knew it at each moment.",
          course(WAITING, "No place to come"), unit=COUNT, stepped=True, colours={"No place to come": BLUE},
          width=8, height=10),
    table("The longest waits, plan by plan",
          "The hundred plans whose child has waited longest, by their own reference, and the day from which a place is "
          "agreed, if one is.",
          rows("register", f"""
            SELECT plan_id AS "Plan", issued_on AS "Issued", waiting_since AS "Waiting since", days_waiting AS "Days",
                place_from AS "Place from"
            FROM finance.waiting_plans WHERE {OF} ORDER BY days_waiting DESC, plan_id LIMIT 100"""),
          unit=COUNT, width=16, overrides=[named(day, unit=DAY) for day in ("Issued", "Waiting since", "Place from")]),
]  # fmt: skip

LIMITS = [
    bars("Requests running, by their limit",
         "Requests with neither a plan nor an end: 6 weeks to decide whether to assess, then 20 to a plan (14 from the "
         "order, where a refusal was overturned). Overdue is past the last day.",
         now(f"sort_desc({once('statutory_clocks', 'limit_weeks, state')})", "{{limit_weeks}} weeks, {{state}}"),
         unit=COUNT),
    columns("Within 20 weeks, by calendar year",
            "The share of new plans issued in time as the Department for Education publishes it, with the plans an "
            "exception lifts the limit for and without. Plans whose request is not on record are in neither.",
            rows("register", f"""
                SELECT calendar_year::text AS "Year",
                    100.0 * sum(within_20_weeks) / nullif(sum(plans_issued), 0) AS "All",
                    100.0 * sum(within_20_weeks_excluding_exceptions)
                        / nullif(sum(plans_issued_excluding_exceptions), 0) AS "Without exceptions"
                FROM finance.timeliness_months WHERE {OF} GROUP BY calendar_year HAVING sum(plans_issued) > 0
                ORDER BY calendar_year"""),
            unit="percent", decimals=1, x="Year", colours={"All": BLUE, "Without exceptions": ORANGE}, width=8),
    bars("How long does a plan take?",
         "The share of all plans on record, whose request is on record too, that were issued within so many weeks.",
         now(f"sort({once('statutory_weeks_bucket', 'le', _FINITE)} / on (authority) group_left () "
             f"{once('statutory_weeks_count')})", "{{le}} weeks"),
         unit="percentunit", decimals=1, high=1),
    columns("New plans in time and late, by month",
            "Plans issued in each month of the year chosen whose request is on record, exceptions included.",
            rows("register", f"""
                SELECT {MONTH}, within_20_weeks AS "Within 20 weeks", plans_issued - within_20_weeks AS "Later"
                FROM finance.timeliness_months WHERE {OF_YEAR} AND plans_issued > 0 ORDER BY month"""),
            unit=COUNT, x="Month", stacked=True, colours={"Within 20 weeks": BLUE, "Later": ORANGE}),
    bars("Phase transfers, by the day they are due",
         "Plans of children who change phase next September: by 15 February (31 March to post-16) the plan must say "
         "where to. Met and late were done; running and overdue are not.",
         now(f"sort_desc({once('phase_transfers', 'due_on, state')})", "{{due_on}}: {{state}}"), unit=COUNT, width=12),
    table("Which requests come first?",
          "The hundred requests with the fewest days left, by their own reference. Below nought the limit has passed; "
          "orange and red from the weeks at which the decision's alert opens.",
          rows("register", f"""
            SELECT request_id AS "Request", received_on AS "Received", decided_on AS "Decided to assess",
                weeks AS "Weeks run", limit_weeks AS "Limit, weeks", due_on AS "Due", days_left AS "Days left"
            FROM finance.clocks WHERE {OF} ORDER BY days_left, request_id LIMIT 100"""),
          unit=COUNT,
          overrides=[coloured("Days left", thresholds.days_left()),
                     *(named(day, unit=DAY) for day in ("Received", "Decided to assess", "Due"))]),
]  # fmt: skip

DEMAND = Board(
    "hnb-demand",
    "Demand and places",
    "How many plans are in force and whether they grow, who waits for a place, whether the statutory limits are kept, "
    "where there is room, and who is placed out of the area. As the register knows it; never a child.",
    [
        ("How many plans are there, and is it growing?", HEADLINE),
        ("What comes in, and what is decided?", REQUESTS),
        ("Who waits for a place, and for how long?", WAITS),
        ("Are the statutory limits kept?", LIMITS),
        ("Is there room, and where?", places.ROOM),
        ("Who is placed out of the area, and what does it cost?", places.AWAY),
        ("How far can these figures be relied on?", places.FIT),
    ],
    of=["register"],
)
