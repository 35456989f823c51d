"""A SEN2 return opened for reading: known to be whole first, then person by person."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from hnb_local.sen2.blade import BladeReturn
from hnb_local.sen2.fields import WrongValue, day_of
from hnb_local.sen2.joining import joined_on_disk
from hnb_local.sen2.people import person_of
from hnb_local.sen2.raw import UnusableReturn, unusable
from hnb_local.sen2.records import Return
from hnb_local.sen2.schema import COLLECTION
from hnb_local.sen2.xml import XmlReturn

__all__ = ["UnusableReturn", "open_return"]


@contextmanager
def open_return(path: Path) -> Iterator[Return]:
    """Opens a return: an .xml file, or the folder of its Blade-Export CSV files.

    All of it is read once to know that it is whole before any person is handed over. UnusableReturn where it is not
    (cut off, missing files or columns, broken links, a document type), or is no SEN2 return: of such a return nothing
    may be taken. What is wrong with one person alone comes as faults in that person's place. Memory is bounded
    whatever the size. The persons can be gone through once, while the return is open.
    """
    with ExitStack() as exits:
        read: XmlReturn | BladeReturn
        if path.is_dir():
            read = BladeReturn(path, exits.enter_context(joined_on_disk()))
        elif path.suffix.lower() == ".xml":
            read = XmlReturn(path, exits.enter_context(_opened(path)))
        else:
            raise unusable(path, 0, "file", "is neither an .xml file nor a folder of Blade-Export files")
        yield _return_of(path, read)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise unusable(path, 0, "file", f"cannot be read: {error.strerror}") from None
    with file:
        yield file


def _return_of(path: Path, read: XmlReturn | BladeReturn) -> Return:
    header = read.header
    if header.collection.upper() != COLLECTION:
        raise unusable(path, 0, "collection", f"is no {COLLECTION} return")
    if not (len(header.lea) == 3 and header.lea.isdecimal()):
        raise unusable(path, 0, "lea", "is no authority's number: it has 3 digits")
    try:
        reference_date = day_of(header.reference_date)
    except WrongValue as wrong:
        raise unusable(path, 0, "referencedate", str(wrong)) from None
    return Return(
        collection=COLLECTION,
        year=header.year,
        reference_date=reference_date,
        lea=header.lea,
        form="xml" if isinstance(read, XmlReturn) else "blade",
        encoding=read.encoding,
        persons=map(person_of, read.persons()),
        total=read.total,
    )
