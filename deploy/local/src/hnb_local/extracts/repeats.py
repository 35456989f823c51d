"""Records that several rows of one extract are about, found in some bytes of memory a row."""

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from hnb_local.extracts.reading import Extract, Fact, Row
from hnb_local.extracts.records import RECORDS, Feed, content_of

PARTS = 16


@dataclass(slots=True)
class Repeats:
    """What is there more than once: records, and the rows that say different things of one record for one moment."""

    rows: int = 0
    records: frozenset[int] = frozenset()
    differing: dict[int, tuple[int, int]] = field(default_factory=dict)

    def has(self, feed: Feed, fact: Fact) -> bool:
        """Whether several rows are about this record."""
        return _number(feed.record_of(fact)) in self.records

    def against(self, feed: Feed, row: Row) -> str:
        """Which other row says something else of the same record; nothing where none does."""
        if row.fact is None or not self.differing:
            return ""
        found = self.differing.get(_moment(feed, row.fact))
        if found is None:
            return ""
        others = [str(number) for number in found if number != row.number]
        rows = f"row{'s' if len(others) > 1 else ''} {' and '.join(others)}"
        how = 'where later rows are later facts, say same_record = "in-order" in the mapping'
        return f"says something else of the same record than {rows}: which is meant? ({how})"


def find(extract: Extract, feed: Feed) -> Repeats:
    """Reads the extract once, and once more where records are repeated."""
    names = {*RECORDS[feed.type][0]}
    numbers = array("Q", (_number(feed.record_of(fact)) for fact in _facts(extract, names)))
    rows = extract.seen
    repeats = Repeats(rows, frozenset(_twice(numbers)))
    if not repeats.records or extract.mapping.in_order:
        return repeats
    first: dict[int, tuple[int, int]] = {}
    for row in extract.rows():
        if row.fact is None or not repeats.has(feed, row.fact):
            continue
        moment, content = _moment(feed, row.fact), _number(content_of(row.fact.data).hex())
        known, number = first.setdefault(moment, (content, row.number))
        if known != content:
            repeats.differing.setdefault(moment, (number, row.number))
    return repeats


def _twice(numbers: Sequence[int]) -> Iterator[int]:
    """Numbers that are there more than once, found part by part: a list of them all would take forty bytes each."""
    for part in range(PARTS):
        ordered = sorted(number for number in numbers if number % PARTS == part)
        yield from (one for one, following in pairwise(ordered) if one == following)


def _facts(extract: Extract, names: set[str]) -> Iterator[Fact]:
    return (row.fact for row in extract.rows(names) if row.fact is not None)


def _moment(feed: Feed, fact: Fact) -> int:
    return _number(f"{feed.record_of(fact)} {fact.at}")


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
