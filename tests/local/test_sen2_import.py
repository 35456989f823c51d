"""`hnb import sen2` as a person has it, against the whole system: what goes in, what never leaves, what is refused."""

import csv
import json
import logging
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import date
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis
from psycopg import sql

from hnb_local.cli import main
from hnb_local.sen2 import made_up
from hnb_local.sen2.population import Population, events_of_truth, settings_of_truth, tariff_rows
from hnb_local.sen2.records import Person
from hnb_local.sen2.writing import Heading
from hnb_local.stack import Stack
from tests.cases import Json, event, issued
from tests.journeys.waiting import until
from tests.local.sen2_returns import ASHFIELD, ELLESMERE, HEADING, at, child, placed, requested, written

BATCH = {"content-type": "application/cloudevents-batch+json"}
LAST_YEAR = replace(HEADING, year=2025, reference_date=date(2025, 1, 16))
FIRST, SECOND, THIRD = (made_up.upn(number) for number in (1, 2, 3))
KINDS = ("request", "plan", "placement")


@dataclass(frozen=True)
class Ran:
    """What a command ended with and said."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Council:
    """One authority on the running system, and a folder of its own."""

    stack: Stack
    authority: str
    folder: Path
    runs: list[Ran] = field(default_factory=list)

    def send(self, *events: Json) -> None:
        """Events of this authority, through the door."""
        url = self.stack.urls["placements"] + "/events"
        for start in range(0, len(events), 500):
            batch = [one | {"authority": self.authority} for one in events[start : start + 500]]
            answer = httpx.post(url, json=batch, headers=BATCH, timeout=30, trust_env=False)
            assert {one["status"] for one in answer.json()} <= {"accepted", "duplicate"}, answer.text

    def hnb(self, *words: str) -> Ran:
        """The command as typed, but in this process: starting Python anew takes longer than the import."""
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["hnb", "import", *words])
            with pytest.raises(SystemExit) as ended:
                main()
        done = Ran(int(str(ended.value.code)), out.getvalue(), err.getvalue())
        self.runs.append(done)
        return done

    def run(self, path: Path, *options: str, key: str = "sen2.key") -> Ran:
        if not (self.folder / key).exists():
            assert self.hnb("key", "new", str(self.folder / key)).returncode == 0
        url = self.stack.urls["placements"]
        return self.hnb("sen2", str(path), "--key-file", str(self.folder / key), "--authority", self.authority,
                        "--lea", HEADING.lea, "--placements-url", url, *options)  # fmt: skip

    def summary(self, path: Path, *options: str) -> Json:
        done = self.run(path, "--json", *options)
        said: Json = json.loads(done.stdout)
        return said | {"status": done.returncode}

    def register(self, kind: str) -> list[Json]:
        url = self.stack.urls["placements"] + "/register"
        query: dict[str, Any] = {"authority": self.authority, "kind": kind, "limit": 5_000}
        facts: list[Json] = httpx.get(url, params=query, trust_env=False).json()["facts"]
        return facts

    def content(self) -> set[str]:
        """All that stands, without when and by which event it was said."""
        return {
            json.dumps([one["about"], one["type"], one["data"]], sort_keys=True)
            for kind in KINDS
            for one in self.register(kind)
        }

    def positions(self, year: int) -> Any:
        query: dict[str, Any] = {"authority": self.authority, "financial_year": year}
        return httpx.get(self.stack.urls["ledger"] + "/positions", params=query, trust_env=False).json()["lines"]


_numbers = count(1)


@pytest.fixture
def council(stack: Stack, tmp_path: Path) -> Council:
    """A council nobody has told anything yet, but for two schools."""
    n = next(_numbers)
    new = Council(stack, f"E9900{n:04d}", tmp_path)
    new.send(*(
        event("setting-registered", {"setting_id": id, "name": id.title(), "provision": provision, "in_area": True,
                                     "urn": urn}, id=f"{n}-{id}")
        for id, provision, urn in (("ELLESMERE", "mainstream", ELLESMERE), ("ASH-FIELD", "special", ASHFIELD))
    ))  # fmt: skip
    return new


def test_a_return_imported_twice_in_either_form_is_taken_once(council: Council) -> None:
    persons = [child(), child(requested(placed(at(ASHFIELD))), forename="Primrose", upn=SECOND)]
    first = council.summary(written(council.folder, persons, "xml", heading=HEADING))
    assert (first["status"], first["answers"]) == (0, {"accepted": 6})
    stands = council.content()
    again = council.summary(written(council.folder, persons, "blade", heading=HEADING))
    assert (again["status"], again["events"], again["answers"]) == (0, 0, {})
    assert council.content() == stands
    assert len(stands) == 6
    words = council.run(written(council.folder, persons, "xml", name="again", heading=HEADING)).stdout
    assert "Nothing to say: 0 events sent." in words


def test_last_years_return_after_this_years_undoes_nothing(council: Council) -> None:
    moved = child(requested(placed(leaving=date(2025, 7, 18)), placed(at(ASHFIELD), date(2025, 9, 1)), needs=("SEMH",)))
    assert council.summary(written(council.folder, [moved], "xml", heading=HEADING))["events"] == 5
    stands = council.content()
    before = council.summary(written(council.folder, [child()], "xml", name="last", heading=LAST_YEAR))
    assert (before["events"], before["records"]["placement-made"]["overtaken"]) == (0, 1)
    assert council.content() == stands


def test_a_dry_run_shows_the_difference_and_sends_nothing(council: Council) -> None:
    path = written(council.folder, [child(), child(requested(placed(at("999999"))), upn=SECOND)], "xml",
                   heading=HEADING)  # fmt: skip
    done = council.run(path, "--dry-run")
    assert done.returncode == 1
    assert re.search(r"Placements\s+│\s+1 │", done.stdout)
    assert "5 events would be sent." in done.stdout
    assert "999999, and no setting is registered with it" in done.stderr
    assert "placements left out: 1 (999999 for 1)." in done.stdout
    assert not council.content()


def test_a_child_is_known_again_with_a_upn_at_last_or_under_another_name_and_twins_are_two(council: Council) -> None:
    twins = [child(upn=None), child(forename="Primrose", upn=SECOND)]
    assert council.summary(written(council.folder, twins, "xml", heading=LAST_YEAR))["events"] == 6
    changed = [child(upn=FIRST), child(surname="Bellweather", forename="Primrose", upn=SECOND)]
    assert council.summary(written(council.folder, changed, "xml", name="now", heading=HEADING))["events"] == 0
    assert len({one["data"]["child_ref"] for one in council.register("plan")}) == 2


def test_a_child_who_cannot_be_known_again_is_new_and_the_one_there_was_is_reported(council: Council) -> None:
    council.summary(written(council.folder, [child(upn=None)], "xml", heading=LAST_YEAR))
    done = council.summary(written(council.folder, [child(surname="Bellweather")], "xml", name="now", heading=HEADING))
    assert (done["events"], done["absent"]) == (3, {"plan": 1, "placement": 1})


def test_two_persons_who_cannot_be_told_apart_are_one_and_a_fault(council: Council) -> None:
    path = written(council.folder, [child(upn=None), child(requested(placed(at(ASHFIELD))), upn=None)], "xml",
                   heading=HEADING)  # fmt: skip
    done = council.summary(path)
    assert (done["status"], done["refused_persons"], done["events"]) == (1, 1, 3)
    assert "does not tell this person from the one at return.xml, line" in done["first_faults"][0]["message"]


@pytest.mark.parametrize("spoil", ["cut", "lea", "missing", "form"])
def test_a_return_that_is_not_usable_sends_nothing_and_ends_with_2(council: Council, spoil: str) -> None:
    heading = replace(HEADING, lea="330") if spoil == "lea" else HEADING
    path = written(council.folder, [child()], "xml", heading=heading)
    if spoil == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif spoil == "missing":
        path = path.with_name("elsewhere.xml")
    elif spoil == "form":
        path = path.rename(path.with_suffix(".txt"))
    done = council.run(path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert not council.content()


def test_another_key_or_another_feed_is_refused_before_children_are_counted_twice(council: Council) -> None:
    path = written(council.folder, [child()], "xml", heading=HEADING)
    assert council.run(path).returncode == 0
    stands = council.content()
    other = council.run(path, key="other.key")
    assert (other.returncode, "another key" in other.stderr) == (2, True)
    council.send(issued("EHCP-1", "7f3a9c"))
    refused = council.run(path)
    assert (refused.returncode, "--alongside" in refused.stderr) == (2, True)
    assert council.run(path, "--dry-run").returncode == 0
    assert council.run(path, "--alongside").returncode == 0
    assert len(council.content()) == len(stands) + 1


@pytest.mark.parametrize(("mode", "content"), [(0o644, "ab" * 32), (0o600, "ab" * 31), (0o600, "not hexadecimal")])
def test_a_key_that_others_can_read_or_guess_is_refused(council: Council, mode: int, content: str) -> None:
    file = council.folder / "bad.key"
    file.write_text(content)
    file.chmod(mode)
    done = council.run(written(council.folder, [child()], "xml", heading=HEADING), key="bad.key")
    assert done.returncode == 2
    assert content not in done.stderr + done.stdout


def test_a_new_key_is_for_its_owner_alone_and_replaces_none(council: Council) -> None:
    file = council.folder / "new.key"
    made = council.hnb("key", "new", str(file))
    assert (made.returncode, oct(file.stat().st_mode & 0o777)) == (0, "0o600")
    key = file.read_text()
    assert len(bytes.fromhex(key.strip())) == 32
    assert key.strip() not in made.stdout + made.stderr
    assert council.hnb("key", "new", str(file)).returncode == 2
    assert file.read_text() == key


def test_nobody_in_a_return_can_be_found_outside_the_importer(
    council: Council, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scratch = council.folder / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    caplog.set_level(logging.DEBUG)
    persons = [
        child(),
        child(surname="Fennimore", forename="Araminta", born=date(2013, 11, 29), upn=None, postcode="ZZ9 9ZX"),
        child(requested(placed(at("999999"))), surname="Quillfeather", upn=THIRD, born=date(2011, 2, 27)),
        child(surname="Ravenscroft", forename="Peregrine", upn=None, born=date(2009, 10, 17)),
        child(surname="Ravenscroft", forename="Peregrine", upn=None, born=date(2009, 10, 17), postcode="ZZ7 7ZZ"),
    ]
    path = written(council.folder, persons, "xml", heading=HEADING)
    text = path.read_text()
    path.write_text(text.replace("2011-02-27", "27 Feb 2O11", 1))  # one field spoilt: its person is a fault
    listing = council.folder / "wrong.csv"
    for options in (["--dry-run"], ["--rejected", str(listing)], ["--json"]):
        assert council.run(path, *options).returncode == 1
    assert len(council.register("plan")) == 3
    with listing.open(encoding="utf-8-sig") as file:
        assert [row["field"] for row in csv.DictReader(file)] == ["personbirthdate", "upn"]
    until(lambda: council.positions(2025))
    outside = "\n".join(
        [*everything(council.stack), listing.read_text(), caplog.text, *(r.stdout + r.stderr for r in council.runs)]
    )
    assert council.register("plan")[0]["data"]["child_ref"] in outside  # so the search does find what is there
    assert "Ellesmere" in outside
    found = [one for one in identities(persons) if re.search(re.escape(one), outside, re.IGNORECASE)]
    assert not found
    assert not list(scratch.iterdir())


def identities(persons: list[Person]) -> set[str]:
    """Whatever could name a child, in the ways it could be written."""
    found = set()
    for person in persons:
        found |= {
            person.surname,
            person.forename,
            person.upn,
            person.postcode,
            (person.postcode or "").replace(" ", ""),
        }
        if person.birth_date:
            found |= {person.birth_date.isoformat(), f"{person.birth_date:%d/%m/%Y}", f"{person.birth_date:%Y%m%d}"}
    return {one for one in found if one} | {"27 Feb 2O11"}


def everything(stack: Stack) -> Iterator[str]:
    """Every row of every table of all three databases, every entry of every stream, every line of every log."""
    for url in stack.database_urls.values():
        with psycopg.connect(url) as connection:
            named = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public'"
            for name in connection.execute(named).fetchall():
                rows = connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(*name)))
                yield from (row[0] for row in rows)
    with redis.Redis.from_url(stack.broker_url, decode_responses=True) as client:
        for key in client.scan_iter():
            yield str(client.xrange(key) if client.type(key) == "stream" else client.dump(key))
    for log in (stack.folder.path / "logs").iterdir():
        yield log.read_text(errors="replace")


def test_a_return_and_a_tariff_cost_what_the_same_children_cost_as_priced_events(council: Council) -> None:
    population = Population(people=300, seed=4)
    as_events = replace(council, authority="E99100001")
    as_events.send(*events_of_truth(population, 2026, priced=True))
    council.send(*(one | {"source": "/register"} for one in settings_of_truth(population)))
    heading = Heading(2026, population.reference_date(2026), population.lea, "a test")
    path = written(council.folder, population.persons(2026), "blade", heading=heading)
    assert council.summary(path)["status"] == 0
    tariff = council.folder / "tariff.csv"
    with tariff.open("w", newline="") as file:
        rows = tariff_rows(population)
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    urls = [f"--{service}-url={council.stack.urls[service]}" for service in ("placements", "ledger")]
    priced = council.hnb("tariff", str(tariff), "--authority", council.authority, *urls)
    assert priced.returncode == 0, priced.stderr
    until(lambda: [council.positions(year) == as_events.positions(year) for year in (2024, 2025, 2026)] == [True] * 3)
    assert sum(line["committed_pence"] for line in council.positions(2025)) > 100_000_00
