"""`tokens new`, `tokens list`, `tokens revoke`: done in the database itself, by whoever may open it."""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from hnb.database import connect, reading, transaction
from hnb.events import CASE_EVENTS
from placements.domain.tokens import ANY, FAMILIES, MEANING, RIGHTS, Scope
from placements.tokens import store
from placements.tokens.store import Wanted

USUAL_DAYS, MOST_DAYS = 365, 3650
COULD_NOT = 1
_EXAMPLE = """\
Example: {prog} new capita-one --authority E06000016 --source '/capita-one/*' --type ehcp --type placement
To change a token without downtime: make another for the same name, give it to the case system, revoke the first.
"""


def run(arguments: Sequence[str], prog: str, find_database: Callable[[], str]) -> int:
    """Do what is asked; the status to end with: 0, or 1 and a sentence. Wrong use ends the program with 2."""
    asked = _parser(prog).parse_args(arguments)
    engine = connect(find_database(), "tokens")
    try:
        status: int = asked.do(engine, asked)
        return status
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0].rstrip(".")
        hint = ": start placements once, which makes its tables" if 'relation "tokens"' in reason else ""
        return _could_not(f"The database of placements cannot be used ({reason}){hint}.")
    finally:
        engine.dispose()


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog, description="The bearer tokens that let case systems in at placements.",
        epilog=_EXAMPLE.format(prog=prog), formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(required=True, metavar="new | list | revoke")
    _describe_new(commands.add_parser("new", help="make a token; it is printed once, and kept nowhere"))
    listing = commands.add_parser("list", help="every token ever made, without itself: whose, for what, its state")
    listing.add_argument("--json", action="store_true", help="as JSON, for a program")
    listing.set_defaults(do=_list)
    revoking = commands.add_parser("revoke", help="end tokens for good, within two seconds at every replica")
    revoking.add_argument("id", nargs="+", help="an id, as list shows it")
    revoking.set_defaults(do=_revoke)
    return parser


def _describe_new(new: argparse.ArgumentParser) -> None:
    new.description = "Makes a token and prints it on standard output. What may be repeated is marked with +."
    new.add_argument("name", type=_name, help="whose it is, for people: capita-one. Several may have one name")
    several = partial(new.add_argument, action="append")
    rights = "; ".join(f"{right}: {what}" for right, what in MEANING.items())
    several("--authority", required=True, type=_authority, metavar="CODE", help="+ an ONS code it is for, or any")
    several("--source", required=True, type=_source, help="+ a source it may speak for, or the beginning of some and *")
    several("--type", type=_type, help="+ an event type (placement-made) or family (placement); any where not said")
    several("--may", choices=RIGHTS, help=f"+ what it may do; send where not said. {rights}")
    new.add_argument("--days", type=_days, default=USUAL_DAYS, help=f"how long it is good; {USUAL_DAYS} where not said")
    new.add_argument("--events-per-second", type=_pace, help="a pace of its own; the service's where not said")
    new.set_defaults(do=_new)


def _new(engine: Engine, asked: argparse.Namespace) -> int:
    scope = Scope(*map(frozenset, (asked.may or ["send"], asked.authority, asked.source, asked.type or [ANY])))
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=asked.days)
    with transaction(engine) as connection:
        token, id = store.new(connection, Wanted(asked.name, scope, until, asked.events_per_second))
    print(token)  # noqa: T201 - the one time it is shown
    _say(f"Token {id} for {asked.name}: {_in_words(scope)}; until {until:%Y-%m-%d}.\n"
         "It is shown this once: only its hash is kept. Send it as `Authorization: Bearer …`.")  # fmt: skip
    return 0


def _in_words(scope: Scope) -> str:
    parts = (scope.rights, scope.authorities, scope.sources, scope.types)
    rights, authorities, sources, types = (", ".join("any" if one == ANY else one for one in sorted(p)) for p in parts)
    return f"may {rights}; authority {authorities}; source {sources}; type {types}"


def _list(engine: Engine, asked: argparse.Namespace) -> int:
    with reading(engine) as connection:
        kept = store.listed(connection)
    now = datetime.now(UTC)
    for one in kept:
        one["state"] = _state(one, now)
    if asked.json:
        print(json.dumps(kept, default=lambda value: value.isoformat(), indent=1))  # noqa: T201
        return 0
    for one in kept:
        scope = Scope(*(frozenset(one[name]) for name in ("rights", "authorities", "sources", "types")))
        used = f"{one['last_used_at']:%Y-%m-%d %H:%M}" if one["last_used_at"] else "never"
        print(f"{one['id']}  {one['name']}  {one['state']}  last used {used}  {_in_words(scope)}")  # noqa: T201
    if not kept:
        _say("No token was made yet.")
    return 0


def _state(one: dict[str, Any], now: datetime) -> str:
    if one["revoked_at"] is not None:
        return f"revoked {one['revoked_at']:%Y-%m-%d}"
    if one["expires_at"] is not None and one["expires_at"] <= now:
        return f"expired {one['expires_at']:%Y-%m-%d}"
    return f"good until {one['expires_at']:%Y-%m-%d}" if one["expires_at"] else "good"


def _revoke(engine: Engine, asked: argparse.Namespace) -> int:
    with transaction(engine) as connection:
        done = {id: store.revoke(connection, id) for id in asked.id}
    for id, row in done.items():
        if row is not None:
            _say(f"Token {id} of {row['name']} is revoked.")
    unknown = [id for id, row in done.items() if row is None]
    return _could_not(f"There is no token {', '.join(unknown)}: `list` shows their ids.") if unknown else 0


def _could_not(sentence: str) -> int:
    _say(sentence)
    return COULD_NOT


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201


def _name(given: str) -> str:
    if not re.fullmatch(r"[^\s\x00-\x1f\x7f]{1,100}", given):
        raise argparse.ArgumentTypeError(f"{given!r} is not one word")
    return given


def _authority(given: str) -> str:
    if given != "any" and not re.fullmatch(r"E\d{8}", given):
        raise argparse.ArgumentTypeError(f"{given!r} is neither an ONS code, as E06000016, nor any")
    return ANY if given == "any" else given


def _source(given: str) -> str:
    if not re.fullmatch(r"[^\s*\x00-\x1f\x7f]{0,199}\*?", given) or not given:
        raise argparse.ArgumentTypeError(f"{given!r} is not a source, nor the beginning of one and *")
    return ANY if given == "any" else given


def _type(given: str) -> str:
    if given == "any":
        return ANY
    full = given if given.startswith("hnb.") else f"hnb.{given}.v1"
    if given in FAMILIES or full in CASE_EVENTS:
        return given if given in FAMILIES else full
    raise argparse.ArgumentTypeError(f"{given!r} is neither an event type nor a family ({', '.join(sorted(FAMILIES))})")


def _days(given: str) -> int:
    if not given.isdigit() or not 1 <= int(given) <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number of days from 1 to {MOST_DAYS}")
    return int(given)


def _pace(given: str) -> int:
    if not given.isdigit() or not 1 <= int(given) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number of events from 1 to 1,000,000")
    return int(given)
