"""`hnb export s251` and `hnb export dsg-plan`: the statutory returns, as CSV or XLSX."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hnb_local.errors import WRONG_USE, CommandFailed

S251_EXAMPLE = "Example: hnb export s251 --year 2025 --out s251.xlsx"
DSG_PLAN_EXAMPLE = "Example: hnb export dsg-plan --year 2025 --out dsg-plan.xlsx"
ENDINGS = (".csv", ".xlsx")

Year = Annotated[
    int | None,
    typer.Option("--year", min=1990, max=2099, help="The financial year it starts in; this one where not said."),
]
Out = Annotated[Path | None, typer.Option(help="Write to this file, .csv or .xlsx; CSV to stdout where not said.")]
Authority = Annotated[str, typer.Option(help="The council, by its ONS code.")]
KnownAt = Annotated[str | None, typer.Option(help="As known at that time, for example 2025-09-30T17:00:00Z.")]
DataDir = Annotated[Path, typer.Option(help="The folder that holds everything: data, logs, addresses.")]
LedgerUrl = Annotated[str | None, typer.Option(help="The ledger, where it is not the one of --data-dir.")]


def s251(
    year: Year = None,
    out: Out = None,
    authority: Authority = "E06000016",
    known_at: KnownAt = None,
    data_dir: DataDir = Path(".hnb"),
    ledger_url: LedgerUrl = None,
) -> None:
    """The Section 251 return: one row a line, gross, income and net, with DfE's high-needs total."""
    _export("s251", year, out, authority, known_at, data_dir, ledger_url)


def dsg_plan(
    year: Year = None,
    out: Out = None,
    authority: Authority = "E06000016",
    known_at: KnownAt = None,
    data_dir: DataDir = Path(".hnb"),
    ledger_url: LedgerUrl = None,
) -> None:
    """The DSG management plan: placements and cost by age group and primary need, and the finances."""
    _export("dsg-plan", year, out, authority, known_at, data_dir, ledger_url)


def _export(
    name: str, year: int | None, out: Path | None, authority: str, known_at: str | None, data_dir: Path,
    ledger_url: str | None,
) -> None:  # fmt: skip
    from hnb_local.asking import ask, find_service

    if out is not None and out.suffix.lower() not in ENDINGS:
        raise CommandFailed(f"--out ends in {' or '.join(ENDINGS)}, which says the format.", WRONG_USE)
    query = {"authority": authority, "financial_year": year, "known_at": known_at}
    answer = ask("ledger", find_service("ledger", ledger_url, data_dir), f"/statutory/{name}", query)
    write(answer["sheets"], out)
    if out is not None:
        typer.echo(f"Wrote {out}: {', '.join(sheet['name'] for sheet in answer['sheets'])}.")


def write(sheets: list[dict[str, Any]], out: Path | None) -> None:
    """The sheets as CSV on stdout, or to a file in the format its ending says."""
    from io import StringIO

    from hnb.sheets import workbook, write_csv

    text = StringIO()
    write_csv(sheets, text)
    if out is None:
        sys.stdout.write(text.getvalue())
        return
    # Without the mark before it, Excel misreads a CSV file's pound signs; a program reading stdout needs none.
    content = workbook(sheets) if out.suffix.lower() == ".xlsx" else text.getvalue().encode("utf-8-sig")
    try:
        out.write_bytes(content)
    except OSError as error:
        raise CommandFailed(f"{out} cannot be written: {error.strerror}.", WRONG_USE) from None
