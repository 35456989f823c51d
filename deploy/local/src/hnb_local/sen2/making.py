"""`hnb simulate sen2`: a made-up SEN2 return as a file, and what belongs to it. Slow imports wait until it runs."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hnb_local.errors import WRONG_USE, CommandFailed

if TYPE_CHECKING:
    from hnb_local.sen2.population import Population

EXAMPLE = "Example: hnb simulate sen2 --people 4175 --form xml --out sen2-2026.xml --settings settings.jsonl"
FORMS = ("xml", "blade")
MAX_PEOPLE = 10_000_000
SOFTWARE = "hnb simulate sen2: every person in this return is made up"


def simulate_sen2(
    people: Annotated[
        int, typer.Option(help="Children with a plan at the latest census; those without one any more come on top.")
    ] = 4_175,
    seed: Annotated[int, typer.Option(help="The same seed gives the same children.")] = 2025,
    form: Annotated[str, typer.Option(help="xml: one file. blade: a folder of Blade-Export CSV files.")] = "xml",
    out: Annotated[Path | None, typer.Option(help="The file or folder to write; there must be none yet.")] = None,
    year: Annotated[int | None, typer.Option(help="The census year the return is of: the latest, or before.")] = None,
    latest: Annotated[int, typer.Option(help="The latest census year of this population.")] = 2026,
    years: Annotated[int, typer.Option(help="How many census years there can be a return of.")] = 2,
    authority: Annotated[str, typer.Option("--authority", help="The council, by its ONS code.")] = "E06000016",
    lea: Annotated[str, typer.Option(help="The council, by the three digits that SEN2 has of it.")] = "856",
    tariff: Annotated[Path | None, typer.Option(help="Write what places cost to this CSV file.")] = None,
    settings: Annotated[Path | None, typer.Option(help="Write the settings to this file, as events.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Write all the return tells to this file, as events.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
) -> None:
    """Make up a SEN2 return of any size: plans, requests, needs and placements in Leicester's proportions.

    Every name, UPN and postcode is made up, and of nowhere. The same --people, --seed, --latest and --years give the
    same children, so that --year 2025 is last year's return of those in --year 2026. A register needs the settings
    before a return can be imported.
    """
    from hnb_local.sen2.population import Population

    wrong = _wrong(people, form, years, lea, out if not dry_run else Path(), authority)
    if wrong:
        raise CommandFailed(wrong, WRONG_USE)
    population = Population(people, seed, latest, years, authority, lea)
    year = latest if year is None else year
    if year not in population.census_years:
        raise CommandFailed(f"--year is from {latest - years + 1} to {latest}.", WRONG_USE)
    if dry_run or out is None:
        _describe(population, year)
        return
    with _written(out):
        written = _write(population, year, form, out)
    typer.echo(f"{out}: the return of {year}, {written:,} made-up persons.")
    _write_beside(population, year, tariff, settings, truth)


def _wrong(people: int, form: str, years: int, lea: str, out: Path | None, authority: str) -> str:
    if not 1 <= people <= MAX_PEOPLE:
        return f"--people is from 1 to {MAX_PEOPLE:,}."
    if form not in FORMS:
        return f"--form is {' or '.join(FORMS)}."
    if not 1 <= years <= 8:
        return "--years is from 1 to 8."
    if not (len(lea) == 3 and lea.isdecimal()):
        return "--lea is three digits."
    if authority != "E06000016" and lea == "856":
        return "--lea 856 is Leicester's: say that of the council --authority names."
    return "" if out else "Give --out, or --dry-run."


def _write(population: "Population", year: int, form: str, out: Path) -> int:
    from rich.console import Console
    from rich.progress import Progress

    from hnb_local.sen2.census import reference_date
    from hnb_local.sen2.returned import person_in_return
    from hnb_local.sen2.writing import Heading, write_blade, write_xml

    heading = Heading(year, reference_date(year), population.lea, SOFTWARE)
    write = write_xml if form == "xml" else write_blade
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        lives = progress.track(population.lives, total=population.total, description="Writing")
        return write(out, heading, (p for life in lives if (p := person_in_return(life, year)) is not None))


def _write_beside(
    population: "Population", year: int, tariff: Path | None, settings: Path | None, truth: Path | None
) -> None:
    from hnb_local.sen2.population import events_of_truth, settings_of_truth, tariff_rows
    from hnb_local.sen2.prices import COLUMNS

    if tariff:
        with _written(tariff), tariff.open("x", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(tariff_rows(population))
        typer.echo(f"{tariff}: the tariff.")
    if settings:
        _write_events(settings, settings_of_truth(population), "settings")
    if truth:
        _write_events(truth, events_of_truth(population, year), "events")


def _write_events(path: Path, events: Iterable[dict[str, Any]], what: str) -> None:
    count = 0
    with _written(path), path.open("x", encoding="utf-8") as file:
        for event in events:
            file.write(json.dumps(event) + "\n")
            count += 1
    typer.echo(f"{path}: {count:,} {what}.")


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """A file that is there already is never written over: it may be a real return."""
    try:
        yield
    except FileExistsError:
        raise CommandFailed(f"{path} is there already: name another.", WRONG_USE) from None
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}.", WRONG_USE) from None


def _describe(population: "Population", year: int) -> None:
    from hnb_local.sen2.returned import has_active_plan, is_in_return, is_told

    counts: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for life in population.lives:
        if is_in_return(life, year):
            active = has_active_plan(life, year)
            counts["plans in force" if active else "plans ceased" if life.ceased else "requests without a plan"] += 1
            there = [stay.row for stay in life.stays if active and stay.rank == 1 and is_told(stay, year)]
            rows.update(there[-1:])
    typer.echo(f"The return of {year}: {counts.total():,} made-up persons.")
    for what, count in counts.most_common():
        typer.echo(f"{count:>9,}  {what}")
    typer.echo("Where those with a plan are, by provision:")
    for row, count in rows.most_common():
        typer.echo(f"{count:>9,}  {row}")
