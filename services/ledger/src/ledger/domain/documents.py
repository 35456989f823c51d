"""A document for people as data: sections of paragraphs, tables and charts, shown as a page, as PDF or as CSV."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Literal

from pydantic import BaseModel, ConfigDict

from hnb.charts import Bar, Point
from hnb.formulas import as_words


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Chart(_Part):
    """A picture of figures that a table beside it has too: bars, or points in millions of pounds beside a plan's."""

    title: str
    bars: tuple[Bar, ...] = ()
    points: tuple[Point, ...] = ()
    planned: tuple[Point, ...] = ()


class Table(_Part):
    """Words in rows. The last `numeric` columns are figures; `total` says that the last row is one."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: int
    total: bool = False


class Section(_Part):
    """One heading and what stands under it."""

    id: str
    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


class Headline(_Part):
    """One figure at the top, and what it is."""

    title: str
    figure: str
    note: str = ""


class Document(_Part):
    """Everything a reader is shown."""

    version: Literal[1] = 1
    title: str
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]


class Change(_Part):
    """One figure that a later document shows otherwise."""

    where: str
    row: str
    column: str
    before: str
    after: str


def changes(before: Document, after: Document) -> list[Change]:
    """Every figure of two documents that is not the same; a dash where one has it not."""
    old, new = dict(_figures(before)), dict(_figures(after))
    return [
        Change(where=key[0], row=key[1], column=key[2], before=old.get(key, "–"), after=new.get(key, "–"))
        for key in dict.fromkeys((*old, *new))
        if old.get(key) != new.get(key)
    ]


def _figures(document: Document) -> Iterator[tuple[tuple[str, str, str], str]]:
    for headline in document.headlines:
        yield ("Headlines", headline.title, "Figure"), headline.figure
    for section in document.sections:
        for table in section.tables:
            for row in table.rows:
                for name, word in zip(table.head[1:], row[1:], strict=True):
                    yield (table.caption, row[0], name), word


def as_csv(document: Document) -> str:
    """Every figure of every table, each with the caption it stands under; what a spreadsheet would run stays words."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(["table", "row", "column", "figure"])
    writer.writerows(map(as_words, (*where, figure)) for where, figure in _figures(document))
    return "\ufeff" + out.getvalue()  # the mark: without it Excel misreads pound signs
