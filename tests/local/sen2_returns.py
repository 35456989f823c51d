"""Children from life for tests of SEN2 returns, and returns of them written in either form."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from hnb_local.sen2.reading import open_return
from hnb_local.sen2.records import (
    ActivePlan,
    Assessment,
    Fault,
    NamedPlan,
    Need,
    Person,
    Placement,
    Request,
    Setting,
    Where,
)
from hnb_local.sen2.writing import Heading, write_blade, write_xml

HERE = Where("a test", 1)  # where a record stands takes no part in comparing it
FORMS = ("xml", "blade")
ELLESMERE, ASHFIELD = "120330", "139181"  # a school and a special school
HEADING = Heading(2026, date(2026, 1, 15), "856", "a test")


def at(urn: str | None = ELLESMERE, *, code: str | None = None, unit: bool = False, rank: int = 1) -> Setting:
    """A setting by URN, or by code where there is none."""
    return Setting(None if code else urn, None, code, None, rank, False, unit)


def placed(setting: Setting | None = None, entry: date = date(2024, 9, 2), leaving: date | None = None) -> Placement:
    """A placement at a school since September 2024."""
    return Placement(HERE, setting or at(), entry, leaving, False)


def requested(
    *placements: Placement,
    received: date | None = date(2023, 11, 6),
    issued: date = date(2024, 4, 15),
    ceased: date | None = None,
    needs: tuple[str, ...] = ("ASD",),
) -> Request:
    """A request that led to a plan: in force with these placements, or ceased."""
    reason = 5 if ceased else None
    plan = NamedPlan(HERE, issued, ceased, reason, False, (at(),))
    ranked = tuple(Need(code, rank) for rank, code in enumerate(needs, 1))
    active = None if ceased else ActivePlan(HERE, placements, ranked, None, None, date(2025, 5, 1), None)
    return Request(HERE, received, "H", None, Assessment(HERE, "H", None, False, plan), active)


def child(
    *requests: Request,
    surname: str = "Thistlewood",
    forename: str = "Marigold",
    born: date | None = date(2012, 3, 5),
    upn: str | None = "H801200001001",
    postcode: str | None = "ZZ3 4QT",
) -> Person:
    """A child, made up, with a plan and one placement where nothing else is said."""
    return Person(HERE, surname, forename, born, upn, None, postcode, requests or (requested(placed()),))


def written(
    folder: Path, persons: Iterable[Person], form: str, *, name: str = "return", heading: Heading = HEADING
) -> Path:
    """A return of these persons in that form, under a folder."""
    if form == "xml":
        path = folder / f"{name}.xml"
        write_xml(path, heading, persons)
    else:
        path = folder / name
        write_blade(path, heading, persons)
    return path


def read_all(path: Path) -> list[Person | tuple[Fault, ...]]:
    """Everybody in a return, each read or with what is wrong."""
    with open_return(path) as opened:
        return list(opened.persons)


def faults_of(path: Path) -> list[str]:
    """What is wrong with the persons of a return, in words."""
    return [str(fault) for one in read_all(path) if isinstance(one, tuple) for fault in one]
