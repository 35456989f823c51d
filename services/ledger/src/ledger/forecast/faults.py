"""What is wrong with a file, by its name and line: all of it that can be told at once, never a guess instead."""

from collections.abc import Iterator
from contextlib import contextmanager

MOST_SHOWN = 10


class BadInput(Exception):
    """Files a forecast cannot be made of: a sentence for each fault."""

    def __init__(self, faults: list[str], more: int = 0) -> None:
        self.faults = faults
        rest = [f"{more:,} more faults."] if more else []
        super().__init__("\n".join([*faults, *rest]))


class Faults:
    """The faults found so far; only the first of them are kept in words."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._more = 0

    def add(self, name: str, line: int, what: str) -> None:
        """`what` is a clause: the file and the line stand before it."""
        if len(self._found) < MOST_SHOWN:
            self._found.append(f"{name}, line {line:,}: {what}.")
        else:
            self._more += 1

    def end(self) -> None:
        """BadInput where anything was found."""
        if self._found:
            raise BadInput(self._found, self._more)


@contextmanager
def collected() -> Iterator[Faults]:
    """Gathers the faults of a block, and raises them together at its end."""
    faults = Faults()
    yield faults
    faults.end()
