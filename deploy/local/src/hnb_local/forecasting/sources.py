"""What the forecast commands read, write and say while they work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hnb_local.errors import WRONG_USE, CommandFailed

if TYPE_CHECKING:
    from ledger.forecast.table import Source


def source(option: str, path: Path | None) -> "Source":
    """A file an option has to name."""
    from ledger.forecast.table import Source

    if path is None:
        raise CommandFailed(f"Missing option '--{option}'.", WRONG_USE)
    return Source(str(path), read(path))


def read(path: Path) -> bytes:
    """A file's bytes."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}.", WRONG_USE) from None


def write(path: Path, content: str | bytes) -> None:
    """A file, written whole."""
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}.") from None


@contextmanager
def bad_input_told() -> Iterator[None]:
    """Input that allows no forecast ends the command with its faults and status 2."""
    from ledger.forecast.faults import BadInput

    try:
        yield
    except BadInput as bad:
        raise CommandFailed(str(bad), WRONG_USE) from None


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
