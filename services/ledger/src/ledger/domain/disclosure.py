"""Disclosure control: which figures about few children are kept back, so that none can be worked back.

1 to 4 children are shown as `c`, as in DfE's statistics of pupils, and 0 stays. Pounds are kept back for so few, and
where one child makes up most of them, and are otherwise to the nearest £1,000. Then further figures are kept back,
until each that is has another value that agrees with everything shown: all tables together, and all editions of them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from hnb.money import divide_half_up

FEW = 5  # fewer children than this, and more than none, are not counted in public
KEPT_BACK = "c"  # what stands where a figure would: the sign of DfE's statistics
ROUNDED_PENCE = 100_000
AT_LEAST_PERCENT = 10  # pounds kept back may be wrong by so much, for all that anybody can tell
SEARCHED = 1_000  # steps after which a shorter way to protect a figure is no longer looked for
_ZERO_SHOWN = 1_000_000  # what keeping back a nought weighs: only where nothing else helps

Cell = tuple[str, ...]
Figure = tuple[int, Cell]  # of which edition first, since an unchanged figure is known to be the same
Moves = dict[Figure, int]


@dataclass(frozen=True)
class Group:
    """Some children: how many, what they cost, and what the dearest of them does, in pence."""

    children: int
    pence: int
    dearest_pence: int


@dataclass(frozen=True)
class Total:
    """A figure that is the sum of others, in one table or between two."""

    whole: Cell
    parts: tuple[Cell, ...]


@dataclass(frozen=True)
class Shown:
    """What is published of a group: None is kept back, and printed as `c`. Pounds are to the nearest thousand."""

    children: int | None
    pounds: int | None


@dataclass(frozen=True)
class Edition:
    """Linked tables as they were known when published."""

    groups: Mapping[Cell, Group]
    totals: Sequence[Total]
    hidden_children: frozenset[Cell] = frozenset()
    hidden_pence: frozenset[Cell] = frozenset()

    def shown(self) -> dict[Cell, Shown]:
        """What the public reads."""
        return {
            cell: Shown(
                None if cell in self.hidden_children else group.children,
                None if cell in self.hidden_pence else _thousands(group.pence),
            )
            for cell, group in self.groups.items()
        }


class Unprotectable(Exception):
    """What an earlier edition shows, or every one does, leaves no way to keep this figure back: it cannot go out."""

    def __init__(self, cell: Cell) -> None:
        super().__init__(
            f"what was published before, or always is, gives {' / '.join(cell)} away, whatever is kept back now"
        )
        self.cell = cell


def publish(
    groups: Mapping[Cell, Group],
    totals: Sequence[Total],
    before: Sequence[Edition] = (),
    always: Collection[Cell] = (),
) -> Edition:
    """The next edition of these tables; the pounds of `always` are shown whatever they tell, as they are elsewhere.

    Raises Unprotectable, and ValueError where a total is not the sum it says.
    """
    for total in totals:
        for of in (_children, _pence):
            if of(groups[total.whole]) != sum(of(groups[part]) for part in total.parts):
                raise ValueError(f"{' / '.join(total.whole)} is not the sum of its parts")
    few = frozenset(cell for cell, group in groups.items() if 0 < group.children < FEW)
    bare = [*before, Edition(groups, totals, few)]
    hidden = _protected(bare, _children, lambda edition: edition.hidden_children, lambda _: 1, lambda v: min(v, 1))
    telling = frozenset(cell for cell, group in groups.items() if _tells_of_one(group))
    bare[-1] = Edition(groups, totals, hidden, (hidden | telling).difference(always))
    dear = _protected(bare, _pence, lambda edition: edition.hidden_pence, _margin, lambda v: min(v, 0), always)
    return Edition(groups, totals, hidden, dear)


def _tells_of_one(group: Group) -> bool:
    if group.children < FEW:
        return bool(group.children or group.dearest_pence)  # a grant or a place that is no child's tells of none
    return 2 * group.dearest_pence > group.pence


def _children(group: Group) -> int:
    return group.children


def _pence(group: Group) -> int:
    return group.pence


def _margin(pence: int) -> int:
    return max(-(-abs(pence) * AT_LEAST_PERCENT // 100), ROUNDED_PENCE)


def _thousands(pence: int) -> int:
    return divide_half_up(pence, ROUNDED_PENCE) * ROUNDED_PENCE // 100


def names(editions: Sequence[Edition], of: Callable[[Group], int]) -> list[dict[Cell, Figure]]:
    """By edition, the figure that each cell shows. One that is as it was in the edition before is the same figure."""
    named: list[dict[Cell, Figure]] = []
    for number, edition in enumerate(editions):
        last = editions[number - 1].groups if number else {}
        named.append({
            cell: named[-1][cell] if cell in last and of(last[cell]) == of(group) else (number, cell)
            for cell, group in edition.groups.items()
        })  # fmt: skip
    return named


@dataclass
class _Figures:
    """Every figure of all editions, what is shown of them, and the sums they stand in."""

    values: dict[Figure, int] = field(default_factory=dict)
    hidden: set[Figure] = field(default_factory=set)
    fixed: set[Figure] = field(default_factory=set)  # shown before, which nothing takes back, or always
    sums: list[Moves] = field(default_factory=list)  # 1 for a part, -1 for the whole: nought in all
    within: dict[Figure, list[int]] = field(default_factory=dict)

    def add(self, edition: Edition, named: Mapping[Cell, Figure], of: Callable[[Group], int]) -> None:
        self.values |= {named[cell]: of(group) for cell, group in edition.groups.items()}
        for total in edition.totals:
            signs: Moves = {}
            for cell, sign in [(total.whole, -1), *((part, 1) for part in total.parts)]:
                signs[named[cell]] = signs.get(named[cell], 0) + sign
            for figure in signs:
                self.within.setdefault(figure, []).append(len(self.sums))
            self.sums.append(signs)


def _protected(
    editions: Sequence[Edition],
    of: Callable[[Group], int],
    hidden_of: Callable[[Edition], Iterable[Cell]],
    margin: Callable[[int], int],
    floor: Callable[[int], int],
    always: Collection[Cell] = (),
) -> frozenset[Cell]:
    """The cells to keep back in the last of these editions, so that each figure kept back may be wrong by a margin.

    Whoever attacks is taken to know the most there is to know: which figures did not change, and that none that is
    kept back lies below its floor.
    """
    named = names(editions, of)
    all_of = _Figures(fixed={named[-1][cell] for cell in always})
    for edition, figures in zip(editions, named, strict=True):
        all_of.add(edition, figures, of)
        all_of.hidden |= {figures[cell] for cell in hidden_of(edition)} - all_of.fixed
        if edition is not editions[-1]:
            all_of.fixed |= set(figures.values()) - all_of.hidden
    safe: set[Figure] = set()
    while waiting := sorted(all_of.hidden - safe, key=lambda figure: (all_of.values[figure], figure)):
        moves = _another_way(all_of, waiting[0], margin(all_of.values[waiting[0]]), floor)
        all_of.hidden |= moves.keys()
        safe |= {figure for figure, by in moves.items() if abs(by) >= margin(all_of.values[figure])}
    return frozenset(cell for cell, figure in named[-1].items() if figure in all_of.hidden)


def _another_way(figures: _Figures, target: Figure, margin: int, floor: Callable[[int], int]) -> Moves:
    """Changes to figures that leave every sum true and everything shown as it is, once those it names are kept back.

    The proof that the target cannot be worked back; of several the one that keeps least back, where that is found soon.
    """
    starts = [{target: by} for by in (margin, -margin) if _may_move(figures, target, by, floor)]
    for thrifty in (True, False):
        order = count()
        waiting = [(0, 0, next(order), moves, _unsettled(figures, {}, *moves.items())) for moves in starts]
        for _ in range(SEARCHED):
            if not waiting:
                break
            cost, _, _, moves, unsettled = heappop(waiting)
            if not unsettled:
                return moves
            number = min(unsettled)
            for figure, sign in figures.sums[number].items():
                by = -unsettled[number] * sign
                if figure in moves or abs(by) != margin or not _may_move(figures, figure, by, floor):
                    continue
                left = _unsettled(figures, unsettled, (figure, by))
                weight = 0 if figure in figures.hidden else abs(figures.values[figure]) or _ZERO_SHOWN
                far = len(left) + len(moves)
                heappush(waiting, ((cost + weight) * thrifty, far, next(order), moves | {figure: by}, left))
    raise Unprotectable(target[1])


def _may_move(figures: _Figures, figure: Figure, by: int, floor: Callable[[int], int]) -> bool:
    value = figures.values[figure]
    return figure not in figures.fixed and value + by >= floor(value)


def _unsettled(figures: _Figures, before: Mapping[int, int], move: tuple[Figure, int]) -> dict[int, int]:
    """The sums that are not true any more after one more move, and by how much."""
    figure, by = move
    left = dict(before)
    for number in figures.within.get(figure, ()):
        left[number] = left.get(number, 0) + by * figures.sums[number][figure]
        if not left[number]:
            del left[number]
    return left
