"""A SEN2 return opened for reading: known to be whole first, then person by person."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hnb_local.sen2.records import Return


@contextmanager
def open_return(path: Path) -> Iterator[Return]:
    """Opens a return: an .xml file, or the folder of its Blade-Export CSV files.

    UnusableReturn where it is not whole (cut off, missing files, broken links, a document type): of such a return
    nothing may be taken. What is wrong with one person alone comes as faults in that person's place.
    """
    raise NotImplementedError
    yield
