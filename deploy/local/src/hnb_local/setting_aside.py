"""Rows that are wrong, written as they were with their number and why, to be mended and imported again."""

import csv
import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from hnb_local.csv_files import CsvFile
from hnb_local.errors import WRONG_USE, CommandFailed

WHY_COLUMNS = ("row", "why")


class Rejects:
    """The file of wrong rows, made when the first one comes. A dry run writes none."""

    def __init__(self, path: Path, file: CsvFile, *, dry_run: bool) -> None:
        if path.resolve() == file.path.resolve():
            raise CommandFailed("--rejected is the file itself: name another.", WRONG_USE)
        self.written: Path | None = None
        self._path, self._file, self._dry_run = path, file, dry_run
        self._exits = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._exits.close()

    def add(self, number: int, cells: tuple[str, ...], why: str) -> None:
        """Sets one row aside."""
        if self._dry_run:
            return
        if self._writer is None:
            self._open()
        self._writer.writerow([*self._kept(cells), str(number), why])

    def _open(self) -> None:
        # For its owner only: it may hold what the extract holds. With the mark that Excel knows UTF-8 by.
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            out = self._exits.enter_context(os.fdopen(handle, "w", encoding="utf-8-sig", newline=""))
        except OSError as error:
            raise CommandFailed(f"{self._path} cannot be written: {error.strerror}.") from None
        self._writer = csv.writer(out, delimiter=self._file.delimiter)
        self._writer.writerow([*self._kept(self._file.header), *WHY_COLUMNS])
        self.written = self._path

    def _kept(self, cells: tuple[str, ...]) -> list[str]:
        """A row's own cells, without what an earlier import said of it."""
        wide = len(self._file.header)
        padded = [*cells, *[""] * (wide - len(cells))]
        names = [*(name.strip().lower() for name in self._file.header), *[""] * (len(padded) - wide)]
        return [cell for cell, name in zip(padded, names, strict=True) if name not in WHY_COLUMNS]
