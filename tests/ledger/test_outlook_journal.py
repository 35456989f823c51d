"""What an outlook is made of is the journal, to the penny, whatever order it was heard in; and no child is in it."""

import random
from datetime import date, timedelta

import pytest

from ledger.forecast.faults import BadInput
from ledger.outlook.inputs import Inputs, Place
from ledger.outlook.lines import points_of
from ledger.runs.making import inputs_for
from tests.cases import LEICESTER
from tests.ledger.conftest import Books, Year
from tests.ledger.five_children import looking, on, placed, plan, small

TODAY = date(2026, 11, 26)
BIRMINGHAM = "E08000025"


@pytest.fixture(scope="module")
def inputs(year: Year) -> Inputs:
    return inputs_for(year.books.engine, looking(year.books, TODAY), LEICESTER)


def test_the_lines_of_every_year_are_the_position_to_the_penny(year: Year, inputs: Inputs) -> None:
    for financial_year in range(2025, 2030):
        position = year.books.position(financial_year)
        ours = sum(
            line.committed_pence.get(financial_year, 0) + line.other_pence.get(financial_year, 0)
            for line in inputs.lines
        )
        assert ours == position.total.cost_pence
    assert ours > 0
    by_line = {str(line.provision): line for line in inputs.lines}
    for name, figures in year.books.position(2025).lines.items():
        if name == "tribunal":
            assert name not in by_line, "the general fund's"
        elif figures.cost_pence:
            line = by_line[name]
            assert line.committed_pence.get(2025, 0) + line.other_pence.get(2025, 0) == figures.cost_pence


def test_the_demos_children_are_the_plans_of_january_and_one_year_of_history(inputs: Inputs) -> None:
    assert inputs.reference_day == date(2026, 4, 1)
    assert inputs.funding[2025].grant_pence == 8_860_000_000
    assert inputs.funding[2025].reserve_opening_pence == -2_220_000_000
    now = sum(move.children for move in inputs.moves if move.after is not None)
    before = sum(move.children for move in inputs.moves if move.before is not None)
    assert {move.year for move in inputs.moves} == {2025}
    assert now > before > 4_000
    for line in inputs.lines:
        there = sum(move.children for move in inputs.moves if move.after and move.after.provision == line.provision)
        assert there == line.placements, "every placement in force is of a child with a plan"
    assert inputs.notes[0] == "Rates are of the 1 year from 2025-04-01 to 2026-03-31."


def test_no_child_is_in_them(year: Year, inputs: Inputs) -> None:
    written = inputs.written.decode()
    refs = {said["data"]["child_ref"] for said in year.events if "child_ref" in said["data"]}
    assert len(refs) > 4_000
    assert not any(f'"{ref}"' in written for ref in refs)


def test_prices_keep_their_mean_however_few_points_stand_for_them() -> None:
    prices = [random.Random(one).randint(100_000, 9_000_000) for one in range(997)]
    points = points_of(prices)
    assert len(points) <= 40
    assert sum(point.placements for point in points) == len(prices)
    mean = sum(point.annual_pence * point.placements for point in points) / len(prices)
    assert mean == pytest.approx(sum(prices) / len(prices), abs=1)
    assert points_of([]) == ()


def test_each_childs_year_is_one_move(books: Books) -> None:
    books.take(*small())
    books.settle()
    found = inputs_for(books.engine, looking(books), LEICESTER)
    assert found.reference_day == date(2026, 1, 6)

    def at(provision: str, need: str) -> Place:
        return Place(provision=provision, need=need)

    assert {(one.academic_year, one.before, one.after): one.children for one in found.moves} == {
        (3, at("mainstream", "ASD"), at("mainstream", "ASD")): 1,
        (6, at("mainstream", "SEMH"), at("special", "SEMH")): 1,
        (11, at("special", "ASD"), None): 1,
        (-1, None, at("mainstream", "SLCN")): 1,
        (1, None, at("none", "unknown")): 1,
    }
    special = next(line for line in found.lines if line.provision == "special")
    assert special.placements == 1
    assert special.starts[8] == special.ends[6] == 1, "Ben in September; Chloe's last day was in July"
    assert [(point.annual_pence, point.placements) for point in special.standing] == [(3_000_000, 1)]
    assert special.child_days["2026-01"] == 26
    assert "1 children's need is not known: it counts as a need of its own." in found.notes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_order_and_duplicates_change_nothing(books: Books, seed: int) -> None:
    books.take(*small())
    told = [{**one, "authority": BIRMINGHAM, "id": f"again-{at}"} for at, one in enumerate(small())] * 2
    random.Random(seed).shuffle(told)
    for one in told:
        books.take(one)
    books.settle()
    ledger = looking(books)
    here, there = (inputs_for(books.engine, ledger, one) for one in (LEICESTER, BIRMINGHAM))
    same = {"authority": LEICESTER, "known_at": here.known_at}
    assert there.model_copy(update=same).digest == here.model_copy(update=same).digest


def test_what_is_taken_back_was_never_there(books: Books) -> None:
    books.take(*small())
    before = inputs_for(books.engine, looking(books), LEICESTER)
    wrong = placed("dev", date(2025, 12, 1), "independent", 99_000, id="P-wrong")
    books.take(wrong)
    with_it = inputs_for(books.engine, looking(books), LEICESTER)
    assert any(line.provision == "independent" and line.committed_pence for line in with_it.lines)
    taken_back = {"withdrawn_source": wrong["source"], "withdrawn_id": wrong["id"], "reason": "typed twice"}
    books.take(on(date(2025, 12, 2), "event-withdrawn", taken_back))
    books.settle()
    after = inputs_for(books.engine, looking(books), LEICESTER)
    same = {"known_at": before.known_at}
    assert after.model_copy(update=same) == before.model_copy(update=same)


def test_a_past_belief_is_read_as_it_was(books: Books) -> None:
    books.take(*small())
    books.settle()
    ledger = looking(books)
    before = inputs_for(books.engine, ledger, LEICESTER)
    books.take(placed("ella", date(2025, 12, 1), "special", 31_000))
    books.settle()
    then = inputs_for(books.engine, ledger, LEICESTER, before.known_at)
    assert then.lines == before.lines
    assert then.moves == before.moves


def test_less_than_a_year_of_history_says_from_when_a_forecast_can_be_made(books: Books) -> None:
    books.take(*small())
    with pytest.raises(BadInput, match="A forecast can be made from 2025-09-01 on"):
        inputs_for(books.engine, looking(books, date(2025, 5, 1)), LEICESTER)
    with pytest.raises(BadInput, match="No plan with a placement is known yet"):
        inputs_for(books.engine, looking(books, TODAY), BIRMINGHAM)


def test_years_of_which_only_those_still_here_are_recorded_are_no_history(books: Books) -> None:
    """Seventy children imported with the days they started on, years back: nobody who left since is among them."""
    told = []
    for number in range(70):
        start = date(2020, 9, 1) + timedelta(days=number)
        told += [plan(f"C{number}", start, year_group=1), placed(f"C{number}", start, "special", 30_000)]
    books.take(*told)
    with pytest.raises(BadInput, match="leavers with them have to be too"):
        inputs_for(books.engine, looking(books, date(2025, 5, 1)), LEICESTER)
