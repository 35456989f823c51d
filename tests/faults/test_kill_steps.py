"""Placements and the ledger killed on purpose before and after each commit, send and acknowledgement.

Each step is held open by something real (a lock on a table, the relay's own lock, a broker that stands still), so that
the kill falls inside it and not near it. The short form takes some of the steps, others each time.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tests.cases import made, withdrawn, yearly
from tests.conftest import scratch_folder
from tests.faults.officers import patiently
from tests.faults.place import IN_INBOX, Place
from tests.faults.run import LONG, Figures
from tests.faults.system import UNSAID, System

SOME = 5
UNSENT = "SELECT count(*) FROM outbox WHERE entry_ms IS NULL"
SENT = "SELECT count(*) FROM outbox WHERE entry_ms IS NOT NULL"


def before_the_door_commits(place: Place) -> None:
    with ExitStack() as until_answered, place.locked("outbox"):
        until_answered.enter_context(place.system.posting([place.event]))
        place.wait_until_stuck("INSERT INTO outbox%")
        assert not place.is_on_record()
        place.kill()


def after_the_door_committed_before_its_answer(place: Place) -> None:
    with ExitStack() as until_answered, ExitStack() as still:
        with place.held("inbox", "INSERT", "DEFERRED"):
            until_answered.enter_context(place.system.posting([place.event]))
            place.wait_until_stuck("COMMIT%")
            assert not place.is_on_record()
            still.enter_context(place.stands_still("placements"))
        place.wait_until_on_record()
        place.kill()


def before_it_is_heard(place: Place) -> None:
    place.kill()
    place.hear()


def before_the_inbox_is_written(place: Place) -> None:
    with place.locked("inbox"):
        place.hear()
        place.wait_until_stuck("COPY inbox%")
        place.kill()


def before_the_batch_commits(place: Place) -> None:
    with held_in_a_batch(place):
        assert not place.is_on_record()
        place.kill()


def after_the_batch_committed_before_the_broker_knows(place: Place) -> None:
    with ExitStack() as still:
        with held_in_a_batch(place):
            still.enter_context(place.stands_still("valkey"))
        place.wait_until_on_record()
        place.kill()


def after_the_acknowledgement(place: Place) -> None:
    place.hear()
    stream = "placement" if place.service == "ledger" else "case-intake"
    place.wait_until_on_record()
    patiently(lambda: not place.pending(stream, place.service), "the acknowledgement")
    place.kill()


def before_it_is_sent(place: Place) -> None:
    with place.nothing_is_relayed():
        place.hear()
        place.wait_until(UNSENT)
        place.kill()


def after_it_was_sent_before_that_is_marked(place: Place) -> None:
    with place.held("outbox", "UPDATE OF entry_ms"):
        place.hear()
        place.wait_until_stuck("%UPDATE outbox SET entry_ms = s.ms%")
        place.kill()


def after_it_is_marked_before_it_is_settled(place: Place) -> None:
    with place.stands_still(place.hearer):
        place.hear()
        place.wait_until(SENT)
        place.kill()


def before_the_settling_commits(place: Place) -> None:
    with place.held("outbox", "DELETE"):
        place.hear()
        place.wait_until_stuck("%DELETE FROM outbox%")
        place.kill()


def after_it_is_settled(place: Place) -> None:
    place.hear()
    place.wait_until_on_record()
    place.wait_until("SELECT count(*) = 0 FROM outbox")
    place.kill()


def before_it_is_said(place: Place) -> None:
    with place.locked("outbox"):
        place.hear()
        place.wait_until_stuck("INSERT INTO outbox%")
        assert place.ask(UNSAID)
        place.kill()


def before_a_seal_is_set(place: Place) -> None:
    with place.locked("seals"):
        place.hear()
        place.wait_until_stuck("%INSERT INTO seals%")
        place.kill()


def in_the_commit_of_a_withdrawal(place: Place) -> None:
    """Its answer is lost, and in the ledger what it moves was decided again in the same transaction."""
    place.system.post([place.event])
    with place.held("withdrawals", "UPDATE", "DEFERRED"):
        place.system.post([withdrawn(place.event)])
        place.wait_until_stuck("COMMIT%")
        place.kill()


def before_a_withdrawal_is_settled(place: Place) -> None:
    place.hear()
    place.wait_until_on_record()
    with place.locked("clock"):
        place.system.post([withdrawn(place.event)])
        place.wait_until_stuck("%UPDATE clock SET%")
        place.kill()


@contextmanager
def held_in_a_batch(place: Place) -> Iterator[None]:
    """All of a batch is written but the last, and nothing of it is committed."""
    last, query = ("balance_history", "%INTO balances%") if place.service == "ledger" else ("outbox", "%INTO outbox%")
    with place.locked(last):
        place.hear()
        place.wait_until_stuck(query)
        yield


EITHER = (
    before_it_is_heard,
    before_the_inbox_is_written,
    before_the_batch_commits,
    after_the_batch_committed_before_the_broker_knows,
    after_the_acknowledgement,
    before_it_is_sent,
    after_it_was_sent_before_that_is_marked,
    after_it_is_marked_before_it_is_settled,
    before_the_settling_commits,
    after_it_is_settled,
    in_the_commit_of_a_withdrawal,
)
ONLY = {
    "placements": (before_the_door_commits, after_the_door_committed_before_its_answer),
    "ledger": (before_it_is_said, before_a_seal_is_set, before_a_withdrawal_is_settled),
}
Step = tuple[Callable[[Place], None], str, str]
STEPS: list[Step] = [
    (step, service, victim)
    for service in ONLY
    for step in (*EITHER, *ONLY[service])
    for victim in (service, "valkey", "postgres")
]


def test_a_kill_at_any_step_loses_and_doubles_nothing(rng: random.Random, figures: Figures) -> None:
    steps = STEPS if LONG else rng.sample(STEPS, k=SOME)
    with scratch_folder() as path, System(path, rng) as system:
        for number, (step, service, victim) in enumerate(steps):
            print(f"{victim} is killed {step.__name__} by {service}", flush=True)
            event = made(f"PL-{number}", yearly(1_000 + number), end="2026-03-31", child=f"c{number}")
            step(Place(system, service, victim, event))
            system.wait_until_processing()
            patiently(lambda: system.ask("ledger", IN_INBOX, event["id"])[0][0], "the event")  # noqa: B023 - called here
        system.wait_until_settled()
        system.assert_true()
    figures.add("kills on purpose, before and after each commit, send and acknowledgement", len(steps))
    figures.add("kills on purpose, events lost or doubled", 0, "0")
