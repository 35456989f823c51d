"""England's year: 153 councils, every event of the contract, the same from the same seed, and none twice."""

from collections import Counter
from itertools import islice
from pathlib import Path

import orjson
import pytest

from hnb.events import CASE_EVENTS, read_event, read_json
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.simulator.command import simulate
from hnb_local.simulator.england import COUNCILS, ENGLAND_PLANS, councils, england_year

PLANS = 3_000


def test_the_councils_are_153_and_have_all_the_plans_between_them() -> None:
    found = councils(ENGLAND_PLANS, 2025)
    assert len({council.authority for council in found}) == len(found) == 153
    assert sum(council.plans for council in found) == ENGLAND_PLANS
    assert {"E06000016", "E08000025", "E09000033", "E10000016"} <= set(COUNCILS)


def test_every_event_is_of_the_contract_and_none_is_another_councils() -> None:
    seen: set[tuple[str, str]] = set()
    plans: Counter[str] = Counter()
    for said in england_year(PLANS, 7):
        event = read_event(read_json(orjson.dumps(said)), known=CASE_EVENTS, strict=True)
        assert (event.source, event.id) not in seen
        assert event.source.endswith(event.authority)
        seen.add((event.source, event.id))
        if event.type == "hnb.ehcp-issued.v1":
            plans[event.authority] += 1
    with_plans = {council.authority: council.plans for council in councils(PLANS, 7) if council.plans}
    assert plans.keys() == with_plans.keys()
    assert all(plans[authority] >= number for authority, number in with_plans.items()), "those ceased come on top"
    assert list(islice(england_year(PLANS, 7), 500)) == list(islice(england_year(PLANS, 7), 500))
    assert list(islice(england_year(PLANS, 7), 5_000)) != list(islice(england_year(PLANS, 8), 5_000))


@pytest.mark.parametrize("plans", [0, 10_000_001])
def test_an_england_of_no_size_is_refused(plans: int) -> None:
    with pytest.raises(CommandFailed, match=r"--plans is from 1 to 10,000,000\.") as failure:
        simulate(england_plans=plans)
    assert failure.value.status == WRONG_USE


def test_it_writes_and_describes_england(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulate(england_plans=PLANS, dry_run=True)
    assert "3,000 plans of 153 councils, about 9,300 events" in capsys.readouterr().out
    simulate(out=tmp_path / "england.jsonl", england_plans=PLANS)
    assert len((tmp_path / "england.jsonl").read_text().splitlines()) > 9_000
