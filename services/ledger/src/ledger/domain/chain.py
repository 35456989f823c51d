"""The hash chain over the journal: a leaf for each row, a hash for each seal with the one before it inside."""

import hashlib
from collections.abc import Iterable

LEAF_BYTES = 32
BEGINNING = bytes(LEAF_BYTES)  # what the first seal names as the hash before it


def leaf(table: str, row: str) -> bytes:
    """The hash of one row: SHA-256 over its table's name and the row as PostgreSQL writes a ROW of all its columns.

    That writing is unambiguous, whatever the columns hold: `(first,"quoted, for its comma",,"")`, null as nothing.
    """
    return hashlib.sha256((table + row).encode()).digest()


def seal_hash(parts: Iterable[bytes]) -> bytes:
    """The hash of a seal: SHA-256 over its columns in order, each after its length in eight bytes."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.digest()
