"""What the demo says at its end: the position, the review beside it, what is real in it and what is made up."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hnb_local.demo.watch import Watch, alert_words, cost
from hnb_local.showing import WIDE_COLUMNS, add_row, line_title, money, plain_table
from hnb_local.simulator.feed import Feed
from hnb_local.simulator.leicester import AUTHORITY, ELEMENT_3_CHILDREN, EMPTY_PLACES, NO_PLACEMENT, ROWS, YEAR

_CONTRADICTIONS = """\
The review contradicts itself twice, and both are shown here rather than hidden: Leicester's deficit ranks "around 75"
of 150 authorities in its introduction and 87th in its table; the statutory override ends in March 2026 in one
paragraph and one recommendation, and in March 2028 in others, having been extended meanwhile."""

_SOURCES = """\
Every event is synthetic: no child, plan, placement or payment in it is real. Of the figures,
  published by Government:  the plans in each provision in January 2026 (4,175) and the size of the year's flows;
  the review's own:         the grant, the reserve at March 2025 and its forecast for March 2026, the Spinney Hills unit
                            of 10, the Rainbow Room of 11 with 6 more to come, the school that went from 7 plans to 30;
  invented:                 every unit cost, price, budget, date and payment, and the other settings. They are chosen so
                            that the year ends on the review's forecast; contingency is the balancing figure."""

_OTHERWISE = {"inclusion-fund": "one-off grants to schools", "contingency": "the balancing figure"}


def print_summary(screen: Console, feed: Feed, results: Mapping[str, int], watch: Watch) -> None:
    """Everything to be said once the year has tied out."""
    position = watch.position
    screen.print()
    screen.print(_position_table(position, screen.width >= WIDE_COLUMNS))
    screen.print(_headline(position), highlight=False)
    screen.print()
    screen.print(_review_table(position))
    screen.print()
    screen.print(Text(f"Alerts open at the end: {len(watch.alerts)}", style="bold"))
    for alert in sorted(watch.alerts, key=lambda alert: (str(alert["severity"]), str(alert["title"]))):
        screen.print(Text(f"  {alert_words(alert)}"))
    others = watch.others_by_rule()
    if others:
        rules = ", ".join(f"{count:,} {rule}" for rule, count in others.most_common())
        screen.print(Text(f"  and so far, on single placements, plans, appeals and feeds: {rules}"), soft_wrap=True)
    for words in (_CONTRADICTIONS, _SOURCES):
        screen.print()
        screen.print(Text(words))
    screen.print()
    expected = feed.expected
    screen.print(
        f"The door took {results.get('accepted', 0):,} events once each, knew {results.get('duplicate', 0):,} of them "
        f"again and refused {results.get('refused', 0):,} malformed ones ({expected.accepted:,}, "
        f"{expected.duplicates:,} and {expected.malformed:,} were sent).",
        highlight=False,
    )


def where_to_look(screen: Console, urls: Mapping[str, str], folder: Path) -> None:
    """What a person at the terminal may try next."""
    screen.print()
    screen.print(Text("It stays up until Ctrl-C. Where to look:", style="bold"))
    for service, url in urls.items():
        screen.print(Text(f"  {service:<11} {url}/docs"))
    year = f"authority={AUTHORITY}&financial_year={YEAR}"
    for command in (
        f"curl '{urls['ledger']}/positions?{year}'",
        f"curl '{urls['ledger']}/commitments/PL-00001?authority={AUTHORITY}'",
        f"curl '{urls['alerts']}/alerts?state=open'",
        f"hnb position --data-dir {folder} --financial-year {YEAR}",
        f"hnb explain PL-00001 --data-dir {folder}",
        f"hnb report benchmarks --data-dir {folder}",
        f"hnb forecast --from-ledger --data-dir {folder} --charts charts",
    ):
        screen.print(Text(f"  {command}"), soft_wrap=True)
    screen.print(Text(f"  data and logs: {folder}"), soft_wrap=True)


def _position_table(position: Mapping[str, Any], wide: bool) -> Table:
    table = Table(
        title="High Needs Block 2025-26, Leicester (synthetic)", title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False,
    )  # fmt: skip
    table.add_column("Provision", no_wrap=wide)
    if wide:
        table.add_column("Plans", justify="right")
        table.add_column("What it is made of", no_wrap=True)
    for name in ("Budget", "Committed", "Spent", "Together", "Headroom"):
        table.add_column(name, justify="right", no_wrap=True)
    lines = {line["provision"]: line for line in position["lines"]}
    for line, figures in sorted(lines.items(), key=lambda item: -cost(item[1])):
        if figures["fund"] == "high-needs":
            plans = sum(row.plans for row in ROWS.values() if row.line == line)
            made_of = (f"{plans:,}" if plans else "", _basis(line)) if wide else ()
            table.add_row(line_title(line), *made_of, *_amounts(figures))
    table.add_section()
    everyone = sum(row.plans for row in ROWS.values())
    made_of = (f"{everyone:,}", f"{ROWS[NO_PLACEMENT].plans} of them home-educated, NEET or other") if wide else ()
    table.add_row("Total", *made_of, *_amounts(position["total"]), style="bold")
    if "tribunal" in lines:
        table.add_section()
        made_of = ("", "beside the block, not in it") if wide else ()
        table.add_row(line_title("tribunal"), *made_of, *_amounts(lines["tribunal"]), style="dim")
    return table


def _basis(line: str) -> str:
    """What a line is made of, by the table the year is calibrated to; on average, as no two prices are alike."""
    parts = []
    for name, row in ROWS.items():
        if row.line != line:
            continue
        if name == "element-3":
            parts.append(f"{ELEMENT_3_CHILDREN:,} children × £{row.unit_pounds:,}")
        elif name == "empty-places":
            parts.append(f"{EMPTY_PLACES} empty places × £{row.unit_pounds:,}")
        elif row.plans:
            parts.append(f"{row.plans:,} plans × £{row.unit_pounds:,}")
        elif name == "alternative-no-plan":
            parts.append(f"£{row.total_pounds:,} without a plan")
        else:
            parts.append(_OTHERWISE.get(name, "services by the year"))
    return " + ".join(parts)


def _amounts(figures: Mapping[str, Any]) -> list[Text]:
    pence = [figures["budget_pence"], figures["committed_pence"], figures["spent_pence"], cost(figures)]
    return [money(amount, whole=True) for amount in [*pence, figures["headroom_pence"]]]


def _headline(position: Mapping[str, Any]) -> Text:
    opening, closing = position["reserve_opening_pence"], position["reserve_closing_pence"]
    return Text.assemble(
        ("Committed and spent together: ", "bold"), _exact(cost(position["total"])),
        ("\nIn-year balance: ", "bold"), _exact(position["in_year_balance_pence"]),
        ("\nReserve: ", "bold"), _exact(opening), " → ", _exact(closing),
    )  # fmt: skip


def _exact(pence: int) -> Text:
    """To the penny; whole pounds without the noughts."""
    shown = money(pence)
    shown.plain = shown.plain.removesuffix(".00")
    return shown


def _review_table(position: Mapping[str, Any]) -> Table:
    table = plain_table("Beside the review (paragraph 4.1)", "Figure", "This position", "The review")
    closing = position["reserve_closing_pence"]
    in_year = position["in_year_balance_pence"]
    add_row(table, "High Needs Block grant, 2025-26", _exact(position["grant_pence"]), "£88.6m")
    add_row(table, "Reserve, March 2025", _exact(position["reserve_opening_pence"]), "a deficit of £22.2m")
    add_row(table, "In-year balance", _exact(in_year), "£22.6m over, as 44.8 less 22.2")
    add_row(table, "Reserve, March 2026", _exact(closing), "a deficit of £44.8m, its forecast")
    add_row(table, "Reserve, 2027-28", "not played", "a deficit of up to £78m")
    return table
