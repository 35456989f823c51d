"""What a row changes of all that was said before of its record; whatever is imported again, and in whatever order."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hnb.events import CASE_EVENTS
from hnb_local.extracts import repeats
from hnb_local.extracts.command import moment
from hnb_local.extracts.reading import Extract, Fact
from hnb_local.extracts.records import RECORDS, Feed, Planned, Said, content_of, plan
from tests.cases import LEICESTER
from tests.local.extracts import HEADER, NOW, PLACEMENTS, feed, mapped, pseudonym

FEED = Feed(LEICESTER, "/extracts/tests", "hnb.placement-ended.v1", NOW)
JULY, MARCH = {"placement_id": "PL-1", "end_date": "2025-07-31"}, {"placement_id": "PL-1", "end_date": "2025-03-31"}
MONDAY, TUESDAY, FRIDAY = (datetime(2026, 1, day, 12, tzinfo=UTC) for day in (5, 6, 9))


class Door:
    """What was said, kept as the door keeps it, for rows said one after another."""

    def __init__(self) -> None:
        self.said: list[Said] = []

    def say(self, data: dict[str, str], at: datetime | None = None, now: datetime = NOW) -> Planned:
        planned = plan(Feed(FEED.authority, FEED.source, FEED.type, now), Fact(data, at, None), self.said)
        if planned.event is not None:
            moment = datetime.fromisoformat(planned.event["time"])
            self.said.append(Said(len(self.said) + 1, moment, content_of(planned.event["data"])))
        return planned

    def stands(self) -> bytes:
        """What the latest fact says, by time and then by id, as every service decides."""
        return max(self.said, key=lambda one: (one.at, one.number)).content


def test_every_event_type_of_the_contract_has_a_record_and_a_day() -> None:
    assert set(RECORDS) == set(CASE_EVENTS)
    for kind, (key, days) in RECORDS.items():
        assert {*key, *days} <= set(CASE_EVENTS[kind][1].model_fields), kind


def test_what_is_new_happened_on_its_own_day_and_never_in_time_to_come() -> None:
    new = Door().say(MARCH).event
    assert new is not None
    assert new["time"] == "2025-03-31T12:00:00Z"
    assert new["id"].startswith("placement-ended-")
    assert new["id"].endswith("-0001")
    later = Door().say({"placement_id": "PL-1", "end_date": "2027-07-31"}).event
    assert later is not None
    assert later["time"] == "2026-02-02T09:00:00Z"


def test_the_same_again_changes_nothing_and_a_correction_takes_effect_whatever_day_it_says() -> None:
    door = Door()
    assert [door.say(data).change for data in (JULY, JULY, MARCH, MARCH)] == [
        "new",
        "unchanged",
        "changed",
        "unchanged",
    ]
    assert door.stands() == content_of(MARCH), "the correction names an earlier day, and still stands"


def test_an_old_extract_without_a_day_undoes_nothing() -> None:
    door = Door()
    assert [door.say(data).change for data in (JULY, MARCH, JULY)] == ["new", "changed", "superseded"]
    assert door.stands() == content_of(MARCH)


def test_what_is_right_again_counts_again_with_the_day_of_its_extract() -> None:
    door = Door()
    changes = [door.say(JULY, MONDAY), door.say(MARCH, TUESDAY), door.say(JULY, FRIDAY), door.say(MARCH, TUESDAY)]
    assert [one.change for one in changes] == ["new", "changed", "changed", "unchanged"]
    assert door.stands() == content_of(JULY)


def test_an_old_extract_never_seen_takes_its_place_in_the_past() -> None:
    door = Door()
    assert [door.say(JULY, FRIDAY).change, door.say(MARCH, MONDAY).change] == ["new", "earlier"]
    assert door.stands() == content_of(JULY)
    assert door.say(MARCH, MONDAY).change == "unchanged"


def test_two_corrections_of_one_moment_stand_in_the_order_they_were_imported() -> None:
    door = Door()
    changes = [door.say(JULY, MONDAY), door.say(MARCH, MONDAY), door.say(JULY, MONDAY)]
    assert [one.change for one in changes] == ["new", "changed", "superseded"]
    assert door.stands() == content_of(MARCH)


def test_a_correction_comes_after_what_it_corrects_even_where_clocks_differ() -> None:
    door = Door()
    door.say(JULY, NOW + timedelta(hours=3))
    changed = door.say(MARCH).event
    assert changed is not None
    assert changed["time"] == "2026-02-02T12:00:01Z"


def test_an_event_with_an_id_of_its_own_is_said_once_and_never_corrected() -> None:
    before = [Said(1, MONDAY, content_of(JULY))]
    assert plan(FEED, Fact(JULY, MONDAY, "E-1"), before) == Planned("unchanged")
    assert "an event with this id said something else" in plan(FEED, Fact(MARCH, MONDAY, "E-1"), before).wrong
    new = plan(FEED, Fact(JULY, MONDAY, "E-1"), []).event
    assert new is not None
    assert (new["id"], new["time"]) == ("E-1", "2026-01-05T12:00:00Z")


@pytest.mark.parametrize("councils", [("E06000016", "E06000018")])
def test_records_of_two_councils_or_types_are_never_the_same(councils: tuple[str, str]) -> None:
    one, other = (Feed(council, FEED.source, FEED.type, NOW).record_of(Fact(JULY, None, None)) for council in councils)
    made = Feed(councils[0], FEED.source, "hnb.placement-made.v1", NOW).record_of(Fact(JULY, None, None))
    assert len({one, other, made}) == 3
    assert "PL-1" not in one


def repeated(folder: Path, rows: list[str], toml: str = PLACEMENTS) -> dict[int, str]:
    """What each row that says something else of a record than another row is told, by its number."""
    path = folder / "extract.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    mapping = mapped(toml)
    extract = Extract(path, mapping, pseudonym)
    found = repeats.find(extract, feed(mapping))
    assert found.rows == len(rows)
    return {row.number: said for row in extract.rows() if (said := found.against(feed(mapping), row))}


def test_rows_that_say_different_things_of_one_record_are_told_of_each_other(tmp_path: Path) -> None:
    rows = [f"{id},7f3a9c,SET-1,SS,01/09/2025,,{cost}" for id, cost in
            [("A", 1), ("B", 1), ("A", 2), ("B", 1), ("A", 1), ("C", 1)]]  # fmt: skip
    told = repeated(tmp_path, rows)
    assert {number: said.split(":")[0] for number, said in told.items()} == {
        2: "says something else of the same record than row 4",
        4: "says something else of the same record than row 2",
        6: "says something else of the same record than rows 2 and 4",
    }
    assert not repeated(tmp_path, rows, f'same_record = "in-order"\n{PLACEMENTS}')


def test_rows_of_one_record_at_different_times_are_its_history(tmp_path: Path) -> None:
    toml = PLACEMENTS.replace("[fields]", 'time = { column = "School", dates = ["YYYY-MM-DD"] }\n[fields]')
    toml = toml.replace('setting_id = "School"', 'setting_id = { constant = "SET-1" }')
    rows = [f"A,7f3a9c,{day},SS,01/09/2025,,{cost}" for day, cost in [("2025-10-01", 1), ("2025-11-01", 2)]]
    assert not repeated(tmp_path, rows, toml)
    assert list(repeated(tmp_path, [*rows, "A,7f3a9c,2025-11-01,SS,01/09/2025,,3"], toml)) == [3, 4]


def test_an_extract_of_today_may_be_imported_in_the_morning() -> None:
    now = datetime.now(UTC)
    today = moment(now.date().isoformat())
    assert today is not None
    assert now <= today <= datetime.now(UTC)
    assert moment("2025-07-01") == datetime(2025, 7, 1, 12, tzinfo=UTC)
    assert moment("2025-07-01T09:00") == datetime(2025, 7, 1, 8, tzinfo=UTC), "nine in a British summer"
    assert moment("2025-07-01T09:00:00Z") == datetime(2025, 7, 1, 9, tzinfo=UTC)
