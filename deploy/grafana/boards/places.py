"""Of the dashboard `demand`: where there is room, who is placed out of the area, and what does not fit together."""

from boards import thresholds
from boards.panels import (
    POUNDS,
    bars,
    coloured,
    named,
    now,
    rows,
    table,
)
from boards.register import COUNT, DAY, NOT_PUBLIC, OF, once


def in_state(state: str) -> str:
    """Places in one state, by provision."""
    return once("places", "provision", f'state="{state}"')


OCCUPANCY = f"{in_state('filled')} / ({in_state('capacity')} > 0)"


ROOM = [
    bars("How full are places, by provision?",
         "Children at settings whose capacity is known, as a share of their places today: orange over the share at "
         "which the alert opens, red over all of them, light blue under the share at which much stands empty.",
         now(f"sort_desc({OCCUPANCY})", "{{provision}}"), unit="percentunit", decimals=1,
         colours=thresholds.occupancy(1), high=1.25, width=8),
    table("Places by provision",
          "At settings whose capacity is known. Places free at one setting are no room in another, so there can be "
          "places free and children over capacity at once.",
          *(now(in_state(state)) for state in ("capacity", "filled", "vacant", "over")), unit=COUNT, width=16, height=8,
          sort=("Capacity", True),
          transformations=[
              {"id": "merge", "options": {}},
              {"id": "organize", "options": {
                  "excludeByName": {"Time": True, "authority": True},
                  "indexByName": {"provision": 0, **{f"Value #{ref}": n + 1 for n, ref in enumerate("ABCD")}},
                  "renameByName": {"provision": "Provision", "Value #A": "Capacity", "Value #B": "Filled",
                                   "Value #C": "Free", "Value #D": "Over capacity"},
              }},
          ]),
    table("Setting by setting",
          "Each registered setting today, the fullest first: a child takes one place, however many of its placements "
          "are live there. Commissioned places that stand empty are paid for all the same. Settings whose capacity "
          f"nobody said come last. {NOT_PUBLIC}",
          rows("register", f"""
            SELECT name AS "Setting", setting_id AS "Reference", provision AS "Provision",
                CASE WHEN in_area THEN 'yes' ELSE 'no' END AS "In the area", capacity AS "Capacity",
                filled AS "Filled", vacancies AS "Free", over AS "Over capacity", occupancy_percent AS "Occupancy",
                commissioned AS "Commissioned", commissioned_empty AS "Commissioned, empty"
            FROM finance.settings WHERE {OF} ORDER BY occupancy_percent DESC NULLS LAST, filled DESC LIMIT 1000"""),
          unit=COUNT, height=12, overrides=[coloured("Occupancy", thresholds.occupancy(100), unit="percent")]),
]  # fmt: skip

AWAY = [
    bars("Placements out of the area, by provision", "Live placements today at settings registered as out of the area.",
         now(f"sort_desc({once('placements_out_of_area', 'provision')})", "{{provision}}"), unit=COUNT, width=8),
    table("What do they cost, and what would they here?",
          "Their yearly prices of today beside the mean of live placements of the same provision in the area, for "
          "those that can be compared. It assumes that a local place is free and would meet the child's needs, which "
          "the register does not know; transport is in neither.",
          rows("register", f"""
            SELECT provision AS "Provision", count(*) AS "Placements", count(cost_a_year_pence) AS "With a price",
                sum(cost_a_year_pence) / 100.0 AS "Cost a year", count(difference_pence) AS "Compared",
                sum(local_mean_pence) FILTER (WHERE difference_pence IS NOT NULL) / 100.0 AS "At the local mean",
                sum(difference_pence) / 100.0 AS "More than here"
            FROM finance.out_of_area WHERE {OF} GROUP BY provision ORDER BY 4 DESC NULLS LAST"""),
          unit=POUNDS, width=16, height=8,
          overrides=[named(column, unit=COUNT, decimals=0) for column in ("Placements", "With a price", "Compared")]),
    table("Which of them cost most above a local place?",
          "The hundred placements furthest above the local mean, by their own reference.",
          rows("register", f"""
            SELECT placement_id AS "Placement", setting_name AS "Setting", provision AS "Provision",
                start_date AS "From", end_date AS "To", cost_a_year_pence / 100.0 AS "Cost a year",
                local_mean_pence / 100.0 AS "Local mean", local_placements AS "Local placements",
                difference_pence / 100.0 AS "More than here"
            FROM finance.out_of_area WHERE {OF} ORDER BY difference_pence DESC NULLS LAST, placement_id LIMIT 100"""),
          unit=POUNDS,
          overrides=[named("Local placements", unit=COUNT, decimals=0),
                     *(named(day, unit=DAY) for day in ("From", "To"))]),
]  # fmt: skip

FIT = [
    bars("What does not fit together in the register?",
         "Plans in force without a placement, live placements without a plan (in alternative and hospital provision as "
         "it should be), placements that go on after the plan ceased, and placements of one child that overlap. The "
         "last two are paid for and may be mistakes.",
         now(f"sort_desc({once('register_mismatches', 'kind')})", "{{kind}}"), unit=COUNT, width=24, height=6),
]  # fmt: skip
