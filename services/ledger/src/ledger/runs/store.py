"""Runs in PostgreSQL: written once with all they were made of, never changed."""

import zlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection, text

from hnb.conditions.looking import AUTHORITIES
from ledger.outlook.inputs import Inputs, read_inputs
from ledger.outlook.result import Outlook, Spread
from ledger.outlook.scenarios import Pack

Why = Literal["nightly", "asked"]
MOST_LISTED = 100

_ADD = text("""
    INSERT INTO forecast_runs (
        authority, why, night, standing, known_at, reference_day, simulations, seed, level_pence, model, numpy,
        inputs_sha256, scenarios_sha256, inputs, scenarios, outlook
    ) VALUES (
        :authority, :why, :night, :standing, :known_at, :reference_day, :simulations, :seed, :level_pence, :model,
        :numpy,
        :inputs_sha256, :scenarios_sha256, :inputs, :scenarios, CAST(:outlook AS jsonb)
    ) ON CONFLICT (authority, night) DO NOTHING RETURNING number
""")
_COLUMNS = """
    number, authority, why, standing, made_at, known_at, reference_day, simulations, seed, level_pence, model, numpy,
    inputs_sha256, scenarios_sha256
"""
_LIST = text(f"SELECT {_COLUMNS} FROM forecast_runs WHERE authority = :authority ORDER BY number DESC LIMIT :most")  # noqa: S608
_ONE = text(f"SELECT {_COLUMNS}, inputs, scenarios, outlook::text AS outlook FROM forecast_runs WHERE number = :number")  # noqa: S608
_OUTLOOK = text("""
    SELECT outlook::text FROM forecast_runs
    WHERE authority = :authority AND standing AND made_at <= coalesce(:known_at, 'infinity'::timestamptz)
    ORDER BY number DESC LIMIT 1
""")
_KNOWN = text(AUTHORITIES.format(table="commitments"))
_MADE = text("SELECT authority FROM forecast_runs WHERE night = :night")
_LAST_YEARS = text("""
    SELECT authority, made_at, (year ->> 'financial_year')::int AS financial_year,
        year -> 'outturn_pence' AS outturn, year -> 'reserve_pence' AS reserve
    FROM (
        SELECT authority, made_at, outlook #> '{scenarios,0,years}' AS years FROM forecast_runs WHERE number IN (
            SELECT max(number) FROM forecast_runs
            WHERE standing AND (CAST(:authority AS text) IS NULL OR authority = :authority) GROUP BY authority
        )
    ) last CROSS JOIN LATERAL jsonb_array_elements(last.years) AS year ORDER BY 1, 3
""")


@dataclass(frozen=True, slots=True)
class Run:
    """A run's provenance: with the same inputs, scenarios, seed, simulations, model and NumPy it is the same again."""

    number: int
    authority: str
    why: Why
    standing: bool  # made as the nightly ones are: what finance and officers are told of
    made_at: datetime
    known_at: datetime
    reference_day: date
    simulations: int
    seed: int
    level_pence: int | None
    model: int
    numpy: str
    inputs_sha256: str
    scenarios_sha256: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A run, and all it was made of and came to."""

    run: Run
    inputs: Inputs
    pack: Pack
    outlook: Outlook


def add(
    connection: Connection,
    outlook: Outlook,
    inputs: Inputs,
    pack: Pack,
    level_pence: int | None,
    *,
    standing: bool,
    night: date | None,
) -> int | None:
    """Keeps a run; its number, or None where that night has one already."""
    return connection.execute(
        _ADD,
        {
            "authority": outlook.authority, "why": "asked" if night is None else "nightly", "night": night,
            "standing": standing,
            "known_at": outlook.known_at, "reference_day": outlook.reference_day, "simulations": outlook.simulations,
            "seed": outlook.seed, "level_pence": level_pence, "model": outlook.model, "numpy": outlook.numpy,
            "inputs_sha256": outlook.inputs_sha256, "scenarios_sha256": outlook.scenarios_sha256,
            "inputs": zlib.compress(inputs.written), "scenarios": zlib.compress(pack.written),
            "outlook": outlook.model_dump_json(),
        },
    ).scalar_one_or_none()  # fmt: skip


def runs(connection: Connection, authority: str) -> list[Run]:
    """An authority's runs, the last first; not all of years."""
    rows = connection.execute(_LIST, {"authority": authority, "most": MOST_LISTED})
    return [Run(*row) for row in rows]


def kept(connection: Connection, number: int) -> Kept | None:
    """One run, whole."""
    row = connection.execute(_ONE, {"number": number}).one_or_none()
    if row is None:
        return None
    *run, inputs, scenarios, outlook = row
    return Kept(
        Run(*run),
        read_inputs(f"run {number}", zlib.decompress(inputs)),
        Pack.model_validate_json(zlib.decompress(scenarios)),
        Outlook.model_validate_json(outlook),
    )


def last_outlook(connection: Connection, authority: str, known_at: datetime | None = None) -> Outlook | None:
    """What an authority's last standing run came to, of those made by then."""
    found = connection.scalar(_OUTLOOK, {"authority": authority, "known_at": known_at})
    return None if found is None else Outlook.model_validate_json(found)


def without(connection: Connection, night: date) -> list[str]:
    """The authorities of which anything is known and that have no run of a night."""
    made = set(connection.scalars(_MADE, {"night": night}))
    return [authority for authority in connection.scalars(_KNOWN) if authority not in made]


@dataclass(frozen=True, slots=True)
class LastYear:
    """A financial year of an authority's last standing run, by the scenario that all are compared with."""

    authority: str
    made_at: datetime
    financial_year: int
    outturn: Spread
    reserve: Spread


def last_years(connection: Connection, authority: str | None = None) -> list[LastYear]:
    """Of every authority, or of one."""
    return [
        LastYear(
            row.authority,
            row.made_at,
            row.financial_year,
            Spread.model_validate(row.outturn),
            Spread.model_validate(row.reserve),
        )
        for row in connection.execute(_LAST_YEARS, {"authority": authority})
    ]
