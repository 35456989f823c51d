"""Disclosure control: an integer solver is given everything published, and asked to work back what was kept back."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from ledger.domain import disclosure
from ledger.domain.disclosure import Cell, Edition, Figure, Group, Shown, Total, Unprotectable, publish

TABLES = 1_000
ALL = "all"
Of = Callable[[Group], int]


def tables(rng: random.Random) -> tuple[dict[Cell, Group], list[Total]]:
    """Children by provision and phase, and by provision and need, with every total: two tables that share a margin."""
    provisions = [f"provision {n}" for n in range(rng.randint(2, 4))]
    phases, needs = ([f"{kind} {n}" for n in range(rng.randint(2, 4))] for kind in ("phase", "need"))
    children = [
        (rng.choice(provisions), rng.choice(phases), rng.choice(needs), round(rng.lognormvariate(14, 1)))
        for _ in range(rng.choice([3, 10, 30, 100]))
    ]
    groups: dict[Cell, Group] = {
        cell: Group(len(costs), sum(costs), max(costs, default=0))
        for cell in [
            *product([*provisions, ALL], [*phases, ALL], [ALL]), *product([*provisions, ALL], [ALL], needs)
        ]
        for costs in [[cost for *where, cost in children
                       if all(wanted in (ALL, found) for wanted, found in zip(cell, where, strict=True))]]
    }  # fmt: skip
    totals = [
        total
        for provision in [*provisions, ALL]
        for total in (
            Total((provision, ALL, ALL), tuple((provision, phase, ALL) for phase in phases)),
            Total((provision, ALL, ALL), tuple((provision, ALL, need) for need in needs)),
        )
    ]
    totals += [
        Total((ALL, *column), tuple((provision, *column) for provision in provisions))
        for column in [*((phase, ALL) for phase in [*phases, ALL]), *((ALL, need) for need in needs)]
    ]
    return groups, totals


def later(rng: random.Random, groups: Mapping[Cell, Group]) -> dict[Cell, Group]:
    """The same tables when a child more is known of."""
    provision, phase = rng.choice([cell for cell in groups if ALL not in cell[:2]])[:2]
    need = rng.choice([cell for cell in groups if cell[2] != ALL])[2]
    cost = round(rng.lognormvariate(14, 1))
    return {
        cell: Group(group.children + 1, group.pence + cost, max(group.dearest_pence, cost))
        if all(wanted in (ALL, found) for wanted, found in zip(cell, (provision, phase, need), strict=True))
        else group
        for cell, group in groups.items()
    }


def children(group: Group) -> int:
    return group.children


def pence(group: Group) -> int:
    return group.pence


def known(editions: Sequence[Edition], of: Of) -> tuple[dict[Figure, int], set[Figure], LinearConstraint]:
    """Every figure as it is, those that are shown, and every sum of every edition over them."""
    named = list(zip(editions, disclosure.names(editions, of), strict=True))
    values = {figures[cell]: of(group) for edition, figures in named for cell, group in edition.groups.items()}
    shown = {
        figures[cell]
        for edition, figures in named
        for cell in edition.groups.keys() - (edition.hidden_children if of is children else edition.hidden_pence)
    }
    column = {figure: number for number, figure in enumerate(values)}
    sums = [(total, figures) for edition, figures in named for total in edition.totals]
    rows = np.zeros((len(sums), len(column)))
    for row, (total, figures) in zip(rows, sums, strict=True):
        row[column[figures[total.whole]]] -= 1
        for part in total.parts:
            row[column[figures[part]]] += 1
    return values, shown, LinearConstraint(rows, 0, 0)


def pinned(editions: Sequence[Edition], of: Of, margin: Callable[[int], int]) -> set[Cell]:
    """The cells kept back that a solver brings within their margin, from all that is shown in all editions together.

    It knows of each that is kept back that it is not below 1 (pounds: not below 0), and which did not change.
    """
    values, shown, sums = known(editions, of)
    counted = of is children
    unit = 1 if counted else 100_000  # pence in thousands of pounds, so that the solver has figures of a size
    bounds = Bounds(
        [(value if figure in shown else min(value, int(counted))) / unit for figure, value in values.items()],
        [(value if figure in shown else 10**10) / unit for figure, value in values.items()],
    )
    found: set[Cell] = set()
    waiting = set(values) - shown
    while waiting:
        target = waiting.pop()
        for sign in (1, -1):
            aim = [sign * (figure == target) for figure in values]
            solved = milp(aim, integrality=[counted] * len(values), bounds=bounds, constraints=sums)
            assert solved.success, solved.message
            unsure = {
                figure
                for (figure, value), other in zip(values.items(), solved.x, strict=True)
                if abs(other * unit - value) >= 0.999 * margin(value)
            }
            waiting -= unsure
            if target in unsure:
                break
        else:
            found.add(target[1])
    return found


def ten_percent(value: int) -> int:
    return max(abs(value) // 10, 100_000)


@pytest.fixture(scope="module")
def published() -> list[list[Edition]]:
    rng = random.Random(20_261_126)
    found = []
    for number in range(TABLES):
        groups, totals = tables(rng)
        editions = [publish(groups, totals)]
        for _ in range(number % 3):
            groups = later(rng, groups)
            editions.append(publish(groups, totals, editions))
        found.append(editions)
    return found


def test_no_figure_kept_back_can_be_worked_back_by_a_solver(published: list[list[Edition]]) -> None:
    assert not [cell for editions in published for cell in pinned(editions, children, lambda _: 1)]
    assert not [cell for editions in published[::4] for cell in pinned(editions, pence, ten_percent)]


def test_without_the_secondary_suppression_the_same_solver_works_figures_back(published: list[list[Edition]]) -> None:
    worked_back = 0
    for first, *_ in published[:100]:
        few = frozenset(cell for cell, group in first.groups.items() if 0 < group.children < 5)
        worked_back += bool(pinned([replace(first, hidden_children=few)], children, lambda _: 1))
    assert worked_back > 50


def test_most_of_a_large_table_is_shown(published: list[list[Edition]]) -> None:
    large = [edition for edition, *_ in published if edition.groups[ALL, ALL, ALL].children == 100]
    cells = sum(len(edition.groups) for edition in large)
    assert sum(len(edition.hidden_children) for edition in large) < cells / 8
    assert sum(len(edition.hidden_pence) for edition in large) < cells / 4


def of(*numbers: int) -> dict[Cell, Group]:
    """Groups with as many children, at £20,000 each, and their total."""
    named: dict[Cell, int] = {(f"provision {place}",): number for place, number in enumerate(numbers)}
    named[ALL,] = sum(numbers)
    return {cell: Group(number, number * 2_000_000, 2_000_000 * bool(number)) for cell, number in named.items()}


def total_of(groups: dict[Cell, Group]) -> list[Total]:
    return [Total((ALL,), tuple(cell for cell in groups if cell != (ALL,)))]


def test_one_to_four_children_are_kept_back_with_the_least_beside_them_and_none_stays() -> None:
    groups = of(3, 0, 9, 40, 200)
    shown = publish(groups, total_of(groups)).shown()
    assert shown == {
        ("provision 0",): Shown(None, None),
        ("provision 1",): Shown(0, 0),
        ("provision 2",): Shown(None, None),  # or three would be the rest
        ("provision 3",): Shown(40, 800_000),
        ("provision 4",): Shown(200, 4_000_000),
        (ALL,): Shown(252, 5_040_000),
    }


def test_where_every_group_is_as_small_as_can_be_their_total_is_kept_back_too() -> None:
    groups = of(1, 1, 0)
    assert {cell: shown.children for cell, shown in publish(groups, total_of(groups)).shown().items()} == {
        ("provision 0",): None, ("provision 1",): None, ("provision 2",): 0, (ALL,): None,
    }  # fmt: skip


def test_pounds_of_which_one_child_makes_up_most_are_kept_back_and_the_rest_are_to_the_nearest_thousand() -> None:
    groups: dict[Cell, Group] = {
        ("dear",): Group(6, 50_000_000, 25_000_001),
        ("even",): Group(6, 50_049_999, 25_000_000),
        ("odd",): Group(60, 950_050_000, 20_000_000),
    }
    shown = publish(groups, []).shown()
    assert [shown[cell].pounds for cell in groups] == [None, 500_000, 9_501_000]
    assert [shown[cell].children for cell in groups] == [6, 6, 60]


def test_a_later_edition_does_not_give_away_what_an_earlier_one_kept_back() -> None:
    before = of(1, 9, 40, 200)
    first = publish(before, total_of(before))
    after = of(0, 9, 40, 200)  # the child has moved away: with 9 kept back, the totals would say that there was one
    second = publish(after, total_of(after), [first])
    assert second.shown()["provision 1",] == Shown(None, None)
    assert not pinned([first, second], children, lambda _: 1)
    assert not pinned([first, second], pence, ten_percent)


def test_an_edition_that_cannot_but_give_a_figure_away_is_refused_by_name() -> None:
    groups = of(3, 9)
    first = Edition(groups, total_of(groups), frozenset({("provision 0",)}))  # with the other and the total beside it
    with pytest.raises(Unprotectable, match="provision 0"):
        publish(groups, total_of(groups), [first])


def test_a_total_that_is_not_the_sum_of_its_parts_is_refused_by_name() -> None:
    groups = of(3, 9)
    groups[ALL,] = Group(13, 0, 0)
    with pytest.raises(ValueError, match="all is not the sum of its parts"):
        publish(groups, total_of(groups))
