"""A CSV file that a person saved from a spreadsheet: its encoding, its header, and its rows by their number there."""

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path

from hnb_local.cells import Wrong
from hnb_local.errors import WRONG_USE, CommandFailed

CHUNK_BYTES = 1 << 16
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

Numbered = tuple[int, tuple[str, ...]]  # a row's number as a spreadsheet shows it (the header is 1), and its cells


class CsvFile:
    """A file that is read row by row, as often as is asked. CommandFailed where it cannot be read as one at all."""

    def __init__(self, path: Path, *, max_rows: int, delimiter: str = ",", how_to_say: str = "use commas") -> None:
        self.path = path
        self.delimiter = delimiter
        self.encoding = encoding_of(path)
        self._max_rows = max_rows
        self._how_to_say = how_to_say  # which delimiter it is
        self.header = self._read_header()

    def rows(self) -> Iterator[Numbered]:
        """Every row under the header but the empty ones."""
        for number, cells in enumerate(self._records(), 1):
            if number == 1 or not any(cell.strip() for cell in cells):
                continue
            if number > self._max_rows:
                raise CommandFailed(f"{self.path} has more than {self._max_rows:,} rows: split it.", WRONG_USE)
            yield number, cells

    def refuse_extra(self, cells: tuple[str, ...]) -> None:
        """Wrong where a row has more cells than the header: then which cell is which is not known."""
        if len(cells) > len(self.header):
            one = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[self.delimiter]
            raise Wrong(
                None, None, f"it has {len(cells)} cells under {len(self.header)} columns: a {one} without quotes?"
            )

    def _records(self) -> Iterator[tuple[str, ...]]:
        read = 0
        try:
            with self.path.open(encoding=self.encoding, newline="") as file:
                for record in csv.reader(file, delimiter=self.delimiter, strict=True):
                    read += 1
                    yield tuple(record)
        except csv.Error as error:
            unclosed = "end of data" in str(error) or "field limit" in str(error)
            why = "a quote is opened and never closed" if unclosed else str(error)
            raise CommandFailed(f"{self.path} is no CSV file: in row {read + 1}, {why}.", WRONG_USE) from None
        except OSError as error:
            raise CommandFailed(f"{self.path} cannot be read: {error.strerror}.", WRONG_USE) from None

    def _read_header(self) -> tuple[str, ...]:
        header = next(self._records(), ())
        if not any(cell.strip() for cell in header):
            raise CommandFailed(f"{self.path} is empty: its first row names the columns.", WRONG_USE)
        other = [character for character in NAMES if character in header[0] and character != self.delimiter]
        if len(header) == 1 and other:
            message = f"{self.path} separates its columns by {NAMES[other[-1]]}: {self._how_to_say}."
            raise CommandFailed(message, WRONG_USE)
        return header


def column_key(name: str) -> str:
    """A column's name as it is compared: capitals, spaces, hyphens and underscores make no difference."""
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def encoding_of(path: Path) -> str:
    """UTF-8, with or without its mark, or else Windows-1252, as Excel saves; CommandFailed where it is neither."""
    for encoding in ("utf-8-sig", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                    raise CommandFailed(f"{path} is in UTF-16: save it as CSV UTF-8.", WRONG_USE)
                file.seek(0)
                while chunk := file.read(CHUNK_BYTES):
                    if b"\x00" in chunk:
                        raise CommandFailed(
                            f"{path} is no text: it holds a zero byte. Save it as CSV UTF-8.", WRONG_USE
                        )
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise CommandFailed(f"{path} cannot be read: {error.strerror}.", WRONG_USE) from None
        return encoding
    raise CommandFailed(f"{path} is neither UTF-8 nor Windows-1252: save it as CSV UTF-8.", WRONG_USE)
