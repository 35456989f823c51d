"""The tariff's rules: which price governs a placement in which year, and what is said so that it stands."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from hnb.events import Cost, EventWithdrawn, PlacementRepriced, read_event, read_json
from placements.domain.tariff import (
    Change,
    Compared,
    Mint,
    Placed,
    PriceKey,
    Said,
    academic_year,
    change,
    compare,
    digest,
    following,
    price_of,
    prices_wanted,
)
from tests.cases import LEICESTER

ASH_FIELD = "SET-ash-field"


def yearly(pounds: int) -> Cost:
    return Cost(amount_pence=pounds * 100, per="year")


def placed(first: str = "2025-10-06", last: str | None = None, band: str = "", **given: object) -> Placed:
    last_day = None if last is None else date.fromisoformat(last)
    return Placed("special", ASH_FIELD, band, date.fromisoformat(first), last_day, **given)  # type: ignore[arg-type]


def key(year: int = 2025, setting: str = "", band: str = "", provision: str = "special") -> PriceKey:
    return PriceKey(year, provision, setting, band)


def test_an_academic_year_begins_in_september() -> None:
    assert [academic_year(date.fromisoformat(day)) for day in ("2025-08-31", "2025-09-01", "2026-03-31")] == [
        2024, 2025, 2025,
    ]  # fmt: skip


def test_the_closer_price_wins() -> None:
    tariff = {
        key(): yearly(1), key(band="B3"): yearly(2), key(setting=ASH_FIELD): yearly(3),
        key(setting=ASH_FIELD, band="B3"): yearly(4), key(provision="mainstream", setting=ASH_FIELD): yearly(9),
    }  # fmt: skip
    for pounds in (4, 3, 2, 1):
        assert price_of(tariff, placed(band="B3"), 2025) == yearly(pounds)
        tariff = {key: cost for key, cost in tariff.items() if cost != yearly(pounds)}
    assert price_of(tariff, placed(band="B3"), 2025) is None


def test_a_placement_without_a_band_has_only_the_prices_for_any() -> None:
    tariff = {key(band="B3"): yearly(2), key(setting=ASH_FIELD, band="B3"): yearly(4)}
    assert price_of(tariff, placed(), 2025) is None
    assert price_of({**tariff, key(): yearly(1)}, placed(), 2025) == yearly(1)


def test_a_price_stands_from_the_start_and_from_each_september_whose_price_is_another() -> None:
    tariff = {key(2025): yearly(10), key(2026): yearly(10), key(2027): yearly(12), key(2029): yearly(14)}
    assert prices_wanted(tariff, placed()) == {
        date(2025, 10, 6): yearly(10), date(2027, 9, 1): yearly(12), date(2029, 9, 1): yearly(14),
    }  # fmt: skip
    assert prices_wanted(tariff, placed(last="2027-08-31")) == {date(2025, 10, 6): yearly(10)}
    assert list(prices_wanted(tariff, placed(last="2027-09-01"))) == [date(2025, 10, 6), date(2027, 9, 1)]
    assert prices_wanted(tariff, placed(last="2025-10-05")) == {}


def test_a_year_that_the_tariff_does_not_know_has_no_price_until_one_that_it_does() -> None:
    tariff = {key(2025): yearly(10)}
    assert prices_wanted(tariff, placed("2024-11-04")) == {date(2025, 9, 1): yearly(10)}
    assert prices_wanted(tariff, placed("2026-09-07")) == {}


def test_what_the_case_system_prices_is_left_to_it_from_that_day() -> None:
    tariff = {key(2025): yearly(10), key(2026): yearly(11), key(2027): yearly(12)}
    assert prices_wanted(tariff, placed(has_cost=True)) == {}
    assert list(prices_wanted(tariff, placed(agreed_from=date(2026, 9, 1)))) == [date(2025, 10, 6)]
    assert list(prices_wanted(tariff, placed(agreed_from=date(2026, 9, 2)))) == [date(2025, 10, 6), date(2026, 9, 1)]
    assert prices_wanted(tariff, placed(agreed_from=date(2025, 10, 6))) == {}
    assert prices_wanted(tariff, placed(agreed_from=date(2025, 1, 1))) == {}


def test_a_changed_price_is_said_anew_a_second_later_and_the_old_one_taken_back() -> None:
    mint = Mint(LEICESTER, "PL-1")
    day = date(2025, 10, 6)
    first = change({day: yearly(10)}, [], mint)
    (said,) = first.priced
    again = change({day: yearly(11)}, [said], mint)
    assert again.withdrawn == (said,)
    (new,) = again.priced
    old_event, new_event = (read_event(read_json(mint.price(one))) for one in (said, new))
    assert isinstance(new_event.data, PlacementRepriced)
    assert (new_event.data.effective_on, new_event.data.reason) == (day, "correction")
    assert new_event.id != old_event.id
    assert (new_event.time - old_event.time).total_seconds() == 1
    undo = read_event(read_json(mint.withdrawal(said))).data
    assert isinstance(undo, EventWithdrawn)
    assert (undo.withdrawn_source, undo.withdrawn_id) == (old_event.source, old_event.id)
    assert change({day: yearly(11)}, [said._replace(stands=False), new], mint) == Change()


def test_the_same_decision_says_the_very_same_event() -> None:
    (one,), (same,) = (change({date(2025, 9, 1): yearly(10)}, [], Mint(LEICESTER, "PL-1")).priced for _ in range(2))
    assert Mint(LEICESTER, "PL-1").price(one) == Mint(LEICESTER, "PL-1").price(same)
    elsewhere = change({date(2025, 9, 1): yearly(10)}, [], Mint("E08000025", "PL-1")).priced[0]
    assert elsewhere.event_id != one.event_id


def test_a_file_speaks_for_the_years_it_names_unless_it_is_the_whole() -> None:
    now = {key(2025): yearly(10), key(2025, band="B3"): yearly(12), key(2026): yearly(11)}
    given = {key(2025): yearly(13), key(2027): yearly(14)}
    assert following(now, given, whole=False) == {key(2025): yearly(13), key(2026): yearly(11), key(2027): yearly(14)}
    assert following(now, given, whole=True) == given
    assert compare(now, following(now, given, whole=False)) == Compared(new=1, changed=1, gone=1, unchanged=1)


def test_a_tariff_is_known_by_its_prices_and_not_by_their_order() -> None:
    one = {key(2025): yearly(10), key(2026): yearly(11)}
    assert digest(one) == digest(dict(reversed(one.items())))
    assert digest(one) != digest({**one, key(2026): yearly(12)})
    assert digest({key(): Cost(amount_pence=1, per="week")}) != digest(
        {key(): Cost(amount_pence=1, per="week", weeks=39)}
    )


DAYS = st.dates(date(2023, 1, 1), date(2030, 12, 31))
COSTS = st.integers(1, 3).map(yearly)
TARIFFS = st.dictionaries(
    st.builds(PriceKey, st.integers(2023, 2029), st.sampled_from(["special", "mainstream"]),
              st.sampled_from(["", ASH_FIELD]), st.sampled_from(["", "B3"])), COSTS,
)  # fmt: skip
PLACEMENTS = st.builds(
    lambda first, last, band, agreed: Placed("special", ASH_FIELD, band, first, last, False, agreed),
    DAYS, st.none() | DAYS, st.sampled_from(["", "B3"]), st.none() | DAYS,
)  # fmt: skip


@given(TARIFFS, PLACEMENTS)
def test_the_price_in_force_on_any_day_is_that_of_its_year_or_of_the_last_year_known(
    tariff: dict[PriceKey, Cost], placement: Placed
) -> None:
    wanted = prices_wanted(tariff, placement)
    last = placement.last_day or date(2031, 8, 31)
    for day in {placement.first_day, last, *(date(y, m, 1) for y in range(2023, 2032) for m in (3, 9))}:
        if not placement.first_day <= day <= last or (
            placement.agreed_from is not None and placement.agreed_from <= day
        ):
            continue
        in_force = [cost for since, cost in sorted(wanted.items()) if since <= day]
        years = range(academic_year(placement.first_day), academic_year(day) + 1)
        known = [cost for year in years if (cost := price_of(tariff, placement, year)) is not None]
        agreed_before = placement.agreed_from is not None and placement.agreed_from <= placement.first_day
        assert in_force[-1:] == ([] if agreed_before else known[-1:])


@given(st.lists(st.tuples(TARIFFS, PLACEMENTS), min_size=1, max_size=6))
def test_however_often_the_world_changes_what_stands_is_what_is_wanted_now(
    worlds: list[tuple[dict[PriceKey, Cost], Placed]],
) -> None:
    mint = Mint(LEICESTER, "PL-1")
    said: dict[str, Said] = {}
    for tariff, placement in worlds:
        wanted = prices_wanted(tariff, placement)
        found = change(wanted, said.values(), mint)
        assert not {one.event_id for one in found.priced} & said.keys()
        said |= {one.event_id: one._replace(stands=False) for one in found.withdrawn}
        said |= {one.event_id: one for one in found.priced}
        assert {one.effective_on: one.cost for one in said.values() if one.stands} == wanted
        assert change(wanted, said.values(), mint) == Change()
