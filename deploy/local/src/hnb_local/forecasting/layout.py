"""Tables as wide as there is room: every figure stays whole, and where there is less room a table shows less."""

from collections.abc import Callable, Sequence
from enum import Enum

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

ANY_WIDTH = 10_000


class Layout(Enum):
    """Everything, in a frame; everything that 100 columns hold; what 80 do, with the two ends of a range stacked."""

    WIDE = 30
    MIDDLE = 20
    NARROW = 12

    @property
    def name_columns(self) -> int:
        """To how little a name may be folded; a figure never is."""
        return self.value


def table(layout: Layout, title: str, first: str, *columns: str) -> Table:
    """A table of names and figures. A line break in a column's head is one where there is no room."""
    found = Table(title=Text(title, style="bold"), title_justify="left")
    if layout is not Layout.WIDE:
        found.box, found.padding, found.show_edge = box.SIMPLE_HEAD, 0, False
    found.add_column(first, overflow="fold")
    for name in columns:
        found.add_column(name.replace("\n", " ") if layout is Layout.WIDE else name, justify="right", no_wrap=True)
    return found


def note_under(found: Table, words: str) -> None:
    """A sentence under a table."""
    found.caption, found.caption_justify = words, "left"


def print_fitting(screen: Console, make: Callable[[Layout], Table], layouts: Sequence[Layout] = tuple(Layout)) -> None:
    """The first layout that fits. Where none does, lines run on past the edge rather than lose a figure."""
    for layout in layouts:
        made = make(layout)
        needed = _needed(made, layout)
        if needed <= screen.width:
            screen.print(made)
            return
    Console(width=needed, file=screen.file, force_terminal=screen.is_terminal).print(made)


def _needed(made: Table, layout: Layout) -> int:
    """Columns of the terminal for every figure whole, and for names folded as far as they may be."""
    anywhere = Console(width=ANY_WIDTH)
    names = made.columns[0]
    longest = max(Measurement.get(anywhere, anywhere.options, cell).maximum for cell in (names.header, *names.cells))
    return Measurement.get(anywhere, anywhere.options, made).maximum - max(0, longest - layout.name_columns)
