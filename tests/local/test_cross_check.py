"""Two pricings written apart, the ledger's and the simulator's: every commitment of the year costs the same in both."""

from collections import defaultdict
from datetime import date

from hnb.events import Event, read_event
from hnb_local.simulator import leicester_year
from hnb_local.simulator.leicester import YEAR
from hnb_local.simulator.prices import charge, standing
from ledger.domain.commitments import fold
from ledger.domain.schedules import Context, Kind, schedule

CONTEXT = Context(horizon=date(2031, 3, 31), means={}, placements_of={})


def test_the_ledger_prices_every_commitment_as_the_simulator_does() -> None:
    said = [d.event for d in leicester_year(11).events if not d.malformed and not d.duplicate]
    facts: dict[str, list[Event]] = defaultdict(list)
    for value in standing(said):
        data = value["data"]
        ids = [data[name] for name in ("placement_id", "grant_id", "contract_id", "commitment_id") if name in data]
        if ids:
            facts[ids[0]].append(read_event(value))
    plainly = {id: (charged.line, charged.pence) for id, charged in charge(said).items() if charged.pence}
    by_ledger: dict[str, tuple[str, int]] = {}
    for id, events in facts.items():
        for cell, amount in schedule(fold(events), CONTEXT).items():
            if (cell.year, cell.kind) == (YEAR, Kind.COMMITMENT):
                by_ledger[id] = cell.line, amount.pence
    assert by_ledger == plainly
