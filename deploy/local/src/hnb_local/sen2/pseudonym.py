"""A child's pseudonym: keyed hashes of who it is, with a key that stays with the council."""

import base64
import hmac
import os
import re
import secrets
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.sen2.records import Person

KEY_BYTES = 32  # as many as SHA-256 has; RFC 2104 calls for no fewer
_HASH_BYTES = 15  # 120 bits, 24 letters: two of 640,000 children meet once in some 10^24 councils
_MARK_BYTES = 5
PREFIX = "sen2-"
_REF = re.compile(r"sen2-(?P<mark>[a-z2-7]{8})(?:-n(?P<name>[a-z2-7]{24}))?(?:-u(?P<upn>[a-z2-7]{24}))?")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a child is, as two keyed hashes: of name and birth date together, and of the UPN; None where not known."""

    name: str | None
    upn: str | None


class Key:
    """The council's key. Neither `repr` nor any message shows it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.mark = self._hash(_MARK_BYTES, "mark")  # tells keys apart, and says nothing of one

    @classmethod
    def read(cls, path: Path) -> Self:
        """The key in a file that nobody but its owner can read; CommandFailed otherwise."""
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                text = file.read(4096)
        except OSError as error:
            raise CommandFailed(f"The key file {path} cannot be read: {error.strerror}.", WRONG_USE) from None
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            message = f"The key file {path} can be read by others: `chmod 600 {path}`, and think who may have read it."
            raise CommandFailed(message, WRONG_USE)
        try:
            secret = bytes.fromhex(text.decode("ascii").strip())
        except ValueError:
            message = f"{path} is not a key file: `hnb import key new FILE` makes one."
            raise CommandFailed(message, WRONG_USE) from None
        if len(secret) < KEY_BYTES:
            raise CommandFailed(f"The key in {path} is shorter than {KEY_BYTES} bytes.", WRONG_USE)
        return cls(secret)

    @staticmethod
    def write_new(path: Path) -> None:
        """A new key in a new file that its owner alone can read; a file that is there is left alone."""
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            raise CommandFailed(f"{path} is there already, and a key is never replaced.", WRONG_USE) from None
        except OSError as error:
            raise CommandFailed(f"The key file {path} cannot be written: {error.strerror}.", WRONG_USE) from None

    def identity(self, person: Person) -> Identity:
        """The hashes of a person of a return."""
        surname, forename = _letters(person.surname), _letters(person.forename)
        named = surname and forename and person.birth_date
        upn = "".join((person.upn or "").split()).upper()
        return Identity(
            self._hash(_HASH_BYTES, "name", surname, forename, str(person.birth_date)) if named else None,
            self._hash(_HASH_BYTES, "upn", upn) if upn else None,
        )

    def child_ref(self, identity: Identity) -> str:
        """The pseudonym of a child nobody has named before. It holds both hashes, so that either finds it again."""
        name = f"-n{identity.name}" if identity.name else ""
        upn = f"-u{identity.upn}" if identity.upn else ""
        return f"{PREFIX}{self.mark}{name}{upn}"

    def record_id(self, kind: str, child_ref: str, *natural: str) -> str:
        """The id of one record of a child: the same in every year's return, and in both its forms."""
        return f"{PREFIX}{self.mark}-{self._hash(_HASH_BYTES, kind, child_ref, *natural)}"

    def _hash(self, size: int, *parts: str) -> str:
        digest = hmac.digest(self._secret, "\x1f".join(parts).encode(), "sha256")
        return base64.b32encode(digest[:size]).decode("ascii").lower()


def identity_in(child_ref: str) -> tuple[str, Identity] | None:
    """The key's mark and the hashes a pseudonym was made of; None where it is not one of ours."""
    found = _REF.fullmatch(child_ref)
    return (found["mark"], Identity(found["name"], found["upn"])) if found else None


def _letters(name: str) -> str:
    """A name as it is compared: without case, accents, spaces, hyphens and apostrophes, in which systems differ."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if letter.isalnum())
