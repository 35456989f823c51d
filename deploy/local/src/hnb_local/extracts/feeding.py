"""What the command was given, made an import: whose extract it is, who is asked, and which key names children."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hnb.events import Authority, Ref
from hnb_local.asking import find_service
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.extracts.contract import Kind, Leaf
from hnb_local.extracts.importing import Import
from hnb_local.extracts.mapping import ExtractMapping
from hnb_local.extracts.reading import Extract
from hnb_local.extracts.records import Feed
from hnb_local.extracts.values import MakePseudonym


@dataclass(frozen=True, slots=True)
class Given:
    """The options of the command, as given."""

    authority: str | None
    source: str | None
    as_of: datetime | None
    key_file: Path | None
    placements_url: str | None
    data_dir: Path
    rejected: Path | None
    dry_run: bool


def prepare(path: Path, mapping: ExtractMapping, given: Given, usual_authority: str) -> Import:
    """An import ready to run; CommandFailed where something given cannot be used."""
    authority = _plausible("--authority", given.authority or mapping.authority or usual_authority, Authority)
    source = _plausible("--source", given.source or mapping.source or f"/extracts/{authority}", Ref)
    if given.as_of and mapping.time:
        raise CommandFailed("--as-of has no use: the mapping reads the time of each row from a column.", WRONG_USE)
    url = _door(given)
    extract = Extract(path, mapping, _pseudonyms(mapping, given, url, authority))
    feed = Feed(authority, source, mapping.type, datetime.now(UTC))
    rejected = given.rejected or path.with_name(f"{path.name}.rejected.csv")
    return Import(extract, feed, url, rejected, given.as_of, given.dry_run)


def _door(given: Given) -> str | None:
    """Where placements is. A dry run does without; an import must know what was said before."""
    try:
        return find_service("placements", given.placements_url, given.data_dir)
    except CommandFailed as failure:
        if given.dry_run and failure.status != WRONG_USE:
            return None
        raise


def _pseudonyms(mapping: ExtractMapping, given: Given, url: str | None, authority: str) -> MakePseudonym | None:
    if not mapping.makes_pseudonyms:
        return None
    if given.key_file is None:
        message = (
            "The mapping makes pseudonyms: give --key-file, the council's own; `hnb import key new FILE` makes one."
        )
        raise CommandFailed(message, WRONG_USE)
    from hnb_local.extracts.pseudonyms import Children
    from hnb_local.sen2.pseudonym import Key

    return Children(Key.read(given.key_file), url, authority).make


def _plausible(option: str, value: str, kind: object) -> str:
    try:
        return str(Leaf(option, Kind.REFERENCE, True, False, (), False, kind).accept(value))
    except ValueError as error:
        raise CommandFailed(f"{option} {value!r:.80}: {error}.", WRONG_USE) from None
