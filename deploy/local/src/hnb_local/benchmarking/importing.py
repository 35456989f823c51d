"""Published files read, all of them first, and then sent to the ledger one edition after the other."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hnb_local.asking import exchange
from hnb_local.errors import WRONG_USE, CommandFailed
from ledger.published.editions import Edition, Unusable
from ledger.published.kinds import BY_NAME
from ledger.published.reading import MAX_BYTES
from ledger.published.unpacking import Download, read_download

SECONDS = 120.0  # a whole England is a few hundred thousand figures to compare with what stands


@dataclass(frozen=True, slots=True)
class Sending:
    """Where editions go, who answers for them, and whether they are kept."""

    ledger_url: str
    by: str
    keep: bool
    again: bool = False

    def body(self, edition: Edition) -> dict[str, Any]:
        """What is sent of an edition."""
        return {
            "name": edition.name, "kind": edition.kind, "sha256": edition.sha256, "by": self.by,
            "dry_run": not self.keep, "again": self.again, "names": edition.names,
            "figures": [asdict(one) for one in edition.figures], "neighbours": edition.neighbours,
        }  # fmt: skip

    def send(self, edition: Edition) -> Any:
        """What the ledger answers to one edition."""
        return exchange("ledger", self.ledger_url, "/comparisons/files", {}, body=self.body(edition), seconds=SECONDS)


@dataclass(slots=True)
class Done:
    """What became of the files."""

    kept: bool
    files: list[dict[str, Any]] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)


def read_files(paths: Sequence[Path]) -> Download:
    """All files, or CommandFailed with every one that cannot be taken."""
    found, faults = Download(), []
    for path in paths:
        try:
            one = read_download(path.name, _bytes_of(path))
        except Unusable as error:
            faults.append(str(error))
            continue
        found.editions += one.editions
        found.passed_over += one.passed_over
    if faults:
        raise CommandFailed("\n".join([*faults, "So nothing was imported."]), WRONG_USE)
    return found


def take_in(found: Download, sending: Sending) -> Done:
    """Every edition, sent or only compared with what stands."""
    done = Done(sending.keep, passed_over=found.passed_over)
    for edition in found.editions:
        answer = sending.send(edition)
        done.files.append({**answer, "rows": edition.rows, "rows_passed_over": edition.passed_over})
    return done


def in_words(done: Done) -> Iterable[str]:
    """What a person reads of it."""
    for one in done.files:
        yield f"{one['name']}: {BY_NAME[one['kind']].title}. {_what(one, kept=done.kept)}"
        for change in one["changes"]:
            before, after = change["before"], change["after"]
            yield (
                f"  {before['authority']} {before['measure']} {before['year']}: {_figure(before)} → {_figure(after)}"
            )
    for words in done.passed_over:
        yield f"Passed over: {words}."
    if not done.kept:
        yield "Nothing was imported. Add --yes to import it."


def _what(one: dict[str, Any], *, kept: bool) -> str:
    if before := one["imported_before"]:
        return f"Imported before, on {before['recorded_at'][:10]}: it changes nothing."
    if one["neighbours"]:
        return f"The neighbours of {one['neighbours']:,} of its councils {'are' if kept else 'would be'} new or others."
    figures, would = one["figures"], "" if kept else "would be "
    words = f"{figures['new']:,} {'figure' if figures['new'] == 1 else 'figures'} {would}new, "
    words += f"{figures['changed']:,} {would}changed, {figures['unchanged']:,} as they stand"
    return f"{words}; {one['rows_passed_over']:,} of {one['rows']:,} rows are breakdowns or regions."


def _figure(one: dict[str, Any]) -> str:
    return one["symbol"] if one["value"] is None else f"{one['value']:,}"


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CommandFailed(f"{path} is larger than {MAX_BYTES // 2**20} MiB.", WRONG_USE)
        return path.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}.", WRONG_USE) from None
