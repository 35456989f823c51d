"""The questions, each put to Alertmanager and to the alerts service; every answer is what was seen, in words."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from tests.faults.officers import Officers, patiently
from tests.rivals.ours import Ours
from tests.rivals.theirs import Alertmanager, Receiver, alertmanager, nothing_came

SWINGS = 1_000
DOWN_SECONDS = 60.0
LEASE_SECONDS = 180.0  # longer than the service's two minutes, after which a message in a dead hand is taken up
SETTLED_SECONDS = 20.0  # several group intervals

Theirs = Callable[[Path], str]
OursAsked = Callable[[Ours], str]


def since(moment: float) -> str:
    return f"{time.monotonic() - moment:.0f} s"


def killed_and_it_lasts(folder: Path) -> str:
    with alertmanager(folder) as theirs:
        _say_and_kill(theirs)
        theirs.start()
        back = time.monotonic()
        if nothing_came(lambda: theirs.receiver.told("firing"), SETTLED_SECONDS):
            return "no"
        return f"yes, {since(back)} after the restart, as Prometheus said it again"


def killed_and_it_passes(folder: Path) -> str:
    with alertmanager(folder) as theirs:
        _say_and_kill(theirs)
        with suppress(httpx.TransportError):  # it is dead; Prometheus says it again
            theirs.say("warning", firing=False)
        theirs.start()
        told = not nothing_came(lambda: theirs.receiver.notices, SETTLED_SECONDS)
        return "yes" if told else "no: nobody ever hears of it"


def _say_and_kill(theirs: Alertmanager) -> None:
    theirs.say("warning")
    patiently(lambda: theirs.http.get("/alerts").json(), "the alert to be known")
    theirs.kill()
    assert not theirs.receiver.notices, "the kill came after group_wait"


def ours_killed_and_it_lasts(ours: Ours) -> str:
    _hear_and_kill(ours)
    ours.process.start()
    back = time.monotonic()
    ours.wait_until_told("warning", LEASE_SECONDS)
    return f"yes, {since(back)} after the restart"


def ours_killed_and_it_passes(ours: Ours) -> str:
    _hear_and_kill(ours)
    ours.line_comes_to(40_000)
    ours.process.start()
    back = time.monotonic()
    ours.wait_until_told("warning", LEASE_SECONDS)
    ours.wait_until_told("resolved")
    return f"yes, that it came and that it passed, {since(back)} after the restart"


def _hear_and_kill(ours: Ours) -> None:
    """The worst moment: the message is in the hand of the process, and the mail server has not taken it."""
    ours.officers.hold_before = True
    ours.line_comes_to(95_000)
    patiently(lambda: ours.officers.held, "the message to be on its way")
    ours.process.kill()
    ours.officers.hold_before = False
    assert not ours.officers.received


def acknowledged(folder: Path) -> str:
    with alertmanager(folder) as theirs:
        theirs.say("warning")
        patiently(lambda: theirs.receiver.told("firing", severity="warning"), "the notice")
        fingerprint = theirs.http.get("/alerts").json()[0]["fingerprint"]
        answer = theirs.http.post(f"/alerts/{fingerprint}/acknowledge", json={"by": "A. Patel"})
        assert answer.status_code == httpx.codes.NOT_FOUND, answer.text
        silence: dict[str, Any] = {
            "matchers": [{"name": "line", "value": "special", "isRegex": False, "isEqual": True}],
            "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
            "createdBy": "A. Patel", "comment": "two places under review",
        }  # fmt: skip
        theirs.http.post("/silences", json=silence).raise_for_status()
        theirs.say("critical")
        quiet = nothing_came(lambda: theirs.receiver.told("firing", severity="critical"), SETTLED_SECONDS)
        kept = "and it kept the rise to critical from everybody" if quiet else "and the rise to critical was told"
        return f"no (404); a silence has an author and a note, {kept}"


def ours_acknowledged(ours: Ours) -> str:
    ours.line_comes_to(95_000)
    ours.wait_until_told("warning")
    answer = ours.process.http.post(
        f"/alerts/{ours.alert()['id']}/acknowledge", json={"by": "A. Patel", "note": "two places under review"}
    )
    answer.raise_for_status()
    ours.line_comes_to(110_000)
    ours.wait_until_told("critical")
    alert = ours.alert()
    stands = (alert["state"], alert["acknowledged_by"], alert["note"])
    assert stands == ("acknowledged", "A. Patel", "two places under review"), stands
    return "yes; name and note still stand after the rise to critical, which was told"


def names_the_cause(folder: Path) -> str:
    with alertmanager(folder) as theirs:
        theirs.say("warning")
        notice = patiently(lambda: theirs.receiver.told("firing"), "the notice")[0]
        return "yes" if "PL-1042" in json.dumps(notice) else "no: labels and a value"


def ours_names_the_cause(ours: Ours) -> str:
    ours.line_comes_to(95_000)
    text = ours.wait_until_told("warning")
    return "yes, with its pounds" if "PL-1042" in text and "+£950.00" in text else "no"


def vanishes(folder: Path) -> str:
    with alertmanager(folder) as theirs:
        theirs.say("warning")
        patiently(lambda: theirs.receiver.told("firing"), "the notice")
        theirs.vanish()
        gone = time.monotonic()
        if nothing_came(lambda: theirs.receiver.told("resolved"), 3 * SETTLED_SECONDS):
            return "stays open"
        return f'told as "resolved" after {since(gone)}'


def ours_vanishes(ours: Ours) -> str:
    ours.line_comes_to(95_000)
    ours.wait_until_told("warning")
    if not nothing_came(lambda: ours.told("resolved"), 3 * SETTLED_SECONDS):
        return 'told as "resolved"'
    return f"stays {ours.alert()['state']}, nothing is called resolved"


def oscillates(folder: Path) -> str:
    """Each swing lasts until its notice is there: the group interval is short beside it, as five minutes are beside
    days."""
    with alertmanager(folder, "10ms", "10ms") as theirs:
        for _ in range(SWINGS):
            for firing, status in ((True, "firing"), (False, "resolved")):
                before = len(theirs.receiver.told(status))
                theirs.say("warning", firing=firing)
                nothing_came(lambda: len(theirs.receiver.told(status)) > before, SETTLED_SECONDS)  # noqa: B023
        return f"{len(theirs.receiver.notices):,} notices"


def ours_oscillates(ours: Ours) -> str:
    for _ in range(SWINGS):
        for pence in (90_500, 89_500):
            ours.line_comes_to(pence)
            ours.wait_until_heard()
    ours.line_comes_to(40_000)
    ours.wait_until_told("resolved")
    return f"{len(ours.officers.received):,} messages: the opening and the closing"


def is_corrected(folder: Path) -> str:
    with alertmanager(folder) as theirs:
        theirs.say("warning")
        patiently(lambda: theirs.receiver.told("firing"), "the notice")
        theirs.say("warning", firing=False)
        patiently(lambda: theirs.receiver.told("resolved"), "its end")
        return 'no: "resolved", as if it had been so'


def ours_is_corrected(ours: Ours) -> str:
    """What the change is called once the pounds behind the crossing turn out never to have been there."""
    begun = date(2025, 4, 1)
    ours.line_comes_to(95_000, held_from=begun)
    ours.wait_until_told("warning")
    ours.line_comes_to(40_000, held_from=begun)
    patiently(lambda: len(ours.officers.received) > 1, "what is said of it")
    change = ours.alert()["transitions"][-1]["change"]
    return f'no: "{change}", as if it had been so' if change == "resolved" else f'yes: "{change}"'


def receiver_down(folder: Path) -> str:
    with alertmanager(folder) as theirs:
        receiver: Receiver = theirs.receiver
        receiver.close()
        theirs.say("warning")
        time.sleep(DOWN_SECONDS)
        receiver.open()
        back = time.monotonic()
        if nothing_came(lambda: receiver.told("firing"), 5 * DOWN_SECONDS):
            return "no"
        return f"yes, {since(back)} after it was back"


def ours_receiver_down(ours: Ours) -> str:
    port = ours.officers.port
    ours.officers.close()
    ours.line_comes_to(95_000)
    time.sleep(DOWN_SECONDS)
    back = time.monotonic()
    with Officers(port=port) as again:
        patiently(lambda: again.received, "the message", 5 * DOWN_SECONDS)
        return f"yes, {since(back)} after it was back"


QUESTIONS: list[tuple[str, Theirs, OursAsked]] = [
    ("killed (-9) before the notice went, still over: delivered?", killed_and_it_lasts, ours_killed_and_it_lasts),
    ("killed the same, back below before the restart: delivered?", killed_and_it_passes, ours_killed_and_it_passes),
    ("taken on by a named person with a note, through a later change?", acknowledged, ours_acknowledged),
    ("names the commitments behind it?", names_the_cause, ours_names_the_cause),
    ("the series or feed vanishes", vanishes, ours_vanishes),
    (f"{SWINGS:,} swings across the threshold", oscillates, ours_oscillates),
    ("a correction makes the crossing untrue: is that said?", is_corrected, ours_is_corrected),
    (f"receiver down for {DOWN_SECONDS:.0f} s: delivered?", receiver_down, ours_receiver_down),
]
