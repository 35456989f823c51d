"""The XML form: parsed as a stream by expat, each person handed over as it ends, with exact line numbers.

Why expat and not lxml: expat says a document type is coming before it reads one, so that no entity is ever declared;
it counts lines past 65,535, where a tree's elements lose count; and it is in the standard library.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from hnb_local.sen2.encodings import CHUNK_BYTES, is_utf8
from hnb_local.sen2.raw import YEAR, Header, Raw, UnusableReturn, unusable
from hnb_local.sen2.records import Where
from hnb_local.sen2.schema import PERSON, RECORDS

MAX_DEPTH = 32
MAX_NAMES = 500  # different element names; a return has about 80
MAX_CHARACTERS = 10_000  # in one element
MAX_TOKEN_BYTES = 1 << 20
MAX_RECORDS = 2_000  # of one person

_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENDED = {"no element found", "unclosed token", "unclosed CDATA section", "partial character"}


class XmlReturn:
    """An XML return that was parsed to its end: its header and how many persons it holds, and then the persons."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self.encoding, self._override = _encoding_of(path)
        self.total = 0
        for _ in self._parsed():
            self.total += 1
        self.header = self._handler.header()

    def persons(self) -> Iterator[Raw]:
        """Every person, in the file's order."""
        return self._parsed()

    def _parsed(self) -> Iterator[Raw]:
        self._file.seek(0)
        self._handler = handler = _Handler(self.path, self._override)
        while chunk := self._file.read(CHUNK_BYTES):
            handler.parse(chunk)
            yield from handler.ended()
        handler.parse(b"", last=True)
        yield from handler.ended()


class _Handler:
    """Hears the parser, and keeps the person that is being read."""

    def __init__(self, path: Path, override: str | None) -> None:
        self._path, self._file_name = path, path.name
        self._parser = expat.ParserCreate(override)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._names: dict[str, str] = {}
        self._attributes: set[str] = set()
        self._fed = 0
        self._depth = 0
        self._open: list[Raw] = []
        self._records = 0
        self._text: list[str] = []
        self._parser.CharacterDataHandler = self._text.append  # no function of ours: it is called for every line
        self._header_depth = 0
        self._header: dict[str, tuple[str, int]] = {}
        self._ended: list[Raw] = []

    def parse(self, chunk: bytes, *, last: bool = False) -> None:
        try:
            self._parser.Parse(chunk, last)
        except (LookupError, ValueError):
            raise unusable(self._path, 1, "encoding", "says an encoding that is not known: save it as UTF-8") from None
        except expat.ExpatError as error:
            wrong = expat.ErrorString(error.code) or "not well-formed"
            if last or wrong in _ENDED:
                wrong = f"is cut off: it ends inside an element ({wrong})"
            elif error.code == expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]:
                wrong = "names an entity: a return has none but &amp; &lt; &gt; &quot; &apos;"
            else:
                wrong = f"is not well-formed XML ({wrong})"
            raise unusable(self._path, error.lineno, "XML", wrong) from None
        self._refuse_long_text()
        self._fed += len(chunk)
        if self._fed - max(self._parser.CurrentByteIndex, 0) > MAX_TOKEN_BYTES:  # expat keeps a token until it ends
            raise self._refusal("XML", f"one tag or comment is longer than {MAX_TOKEN_BYTES:,} bytes")

    def ended(self) -> list[Raw]:
        """The persons that ended since this was asked last."""
        ended, self._ended = self._ended, []
        return ended

    def header(self) -> Header:
        """What the header said; UnusableReturn where something is missing."""
        missing = [name for name in ("collection", "year", "referencedate", "lea") if name not in self._header]
        if missing:
            raise unusable(self._path, 1, ", ".join(missing), "missing: a SEN2 return's Header says it")
        if not YEAR.fullmatch(self._header["year"][0]):
            raise unusable(self._path, self._header["year"][1], "year", "is no year")
        said = {name: value for name, (value, _) in self._header.items()}
        return Header(said["collection"], int(said["year"]), said["referencedate"], said["lea"])

    def _refuse_doctype(self, *_: object) -> None:
        raise self._refusal("DOCTYPE", "declares a document type, as entity attacks do: a return has none")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if attributes:
            self._attributes.update(attributes)  # not read; but expat never forgets a name
        local = self._names.get(name) or self._named(name)
        self._text.clear()
        if local in RECORDS:
            self._open_record(local)
        elif local == "header" and not self._open:
            self._header_depth = self._depth
        if len(self._attributes) > MAX_NAMES:
            raise self._refusal("XML", f"has more than {MAX_NAMES} different attributes: it is no SEN2 return")
        if self._depth > MAX_DEPTH:
            raise self._refusal(local, f"elements stand more than {MAX_DEPTH} deep in one another")

    def _open_record(self, table: str) -> None:
        if (table == PERSON) == bool(self._open):
            outside = "a Person stands inside another" if self._open else "stands outside every Person"
            raise self._refusal(table, outside)
        self._records = 0 if table == PERSON else self._records + 1
        if self._records > MAX_RECORDS:
            raise self._refusal(table, f"one person has more than {MAX_RECORDS:,} records")
        record = Raw(table, Where(self._file_name, self._parser.CurrentLineNumber))
        if self._open:
            self._open[-1].children.append(record)
        self._open.append(record)

    def _end(self, name: str) -> None:
        local = self._names[name]
        if local in RECORDS:
            record = self._open.pop()
            if not self._open:
                self._ended.append(record)
        elif self._text:
            self._refuse_long_text()
            text = "".join(self._text).strip()
            if text:
                self._keep(local, text)
        if self._depth == self._header_depth:
            self._header_depth = 0
        self._depth -= 1
        self._text.clear()

    def _keep(self, field: str, text: str) -> None:
        if self._open:
            record = self._open[-1]
            if field in record.fields:
                record.said_twice.append(field)
            record.fields[field] = text
        elif self._header_depth:
            self._header.setdefault(field, (text, self._parser.CurrentLineNumber))

    def _refuse_long_text(self) -> None:
        """Asked after each chunk too, so that an element without an end takes no more than a chunk beyond the limit."""
        # One piece alone is at most expat's buffer, which is below the limit.
        if len(self._text) > 1 and sum(map(len, self._text)) > MAX_CHARACTERS:
            raise self._refusal("XML", f"one element holds more than {MAX_CHARACTERS:,} characters")

    def _named(self, name: str) -> str:
        """An element's name without its prefix, in lower case."""
        if len(self._names) >= MAX_NAMES:
            raise self._refusal("XML", f"has more than {MAX_NAMES} different elements: it is no SEN2 return")
        return self._names.setdefault(name, name.rpartition(":")[2].lower())

    def _refusal(self, field: str, message: str) -> UnusableReturn:
        return unusable(self._path, self._parser.CurrentLineNumber, field, message)


def _encoding_of(path: Path) -> tuple[str, str | None]:
    """The encoding, and what the parser must be told where the file says nothing of it, or something untrue."""
    with path.open("rb") as file:
        start = file.read(300)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<"):
        return "utf-16", None
    found = _DECLARED.match(start.removeprefix(b"\xef\xbb\xbf"))
    declared = found[1].decode().lower() if found else "utf-8"
    if declared not in ("utf-8", "utf8"):
        return declared, None
    if is_utf8(path):
        return "utf-8", None
    return "cp1252", "windows-1252"  # called UTF-8, saved by a Windows program
