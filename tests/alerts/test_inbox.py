"""The officers' inbox on a real database: what it lists, what its forms do, and whom it lets do it."""

from datetime import timedelta
from html import escape

import httpx
import pytest
from fastapi.testclient import TestClient

from alerts import pages as alert_pages
from alerts.links import INBOX
from alerts.watching import Watch
from hnb.events import read_event, read_json
from hnb.pages import Pages
from tests.alerts.given import LEICESTER, LINKS, NOON, Desk, condition, reserve, said
from tests.browsing import BROWSER, browse, csrf_token_in, words_of

LOOK = Pages("alerts", "High Needs Block alerts", INBOX)
BRISTOL = "E06000023"
SPECIAL = f"{LEICESTER}-2025-line-budget-special-1"
MAINSTREAM = f"{LEICESTER}-2025-line-budget-mainstream-1"
UNPRICED = {"condition": "placement-unpriced", "scope": "placement/PL-1042", "provision": "special"}


class Inbox:
    """A person at the inbox of a desk."""

    def __init__(self, desk: Desk, roles: str = "") -> None:
        self.woken = 0
        routers = alert_pages.routers(desk.engine, desk.alerts, LINKS, LOOK, lambda: desk.now, self.wake)
        self.client: TestClient = browse(LOOK, *routers, roles=roles)
        self.client.headers.update(BROWSER)

    def wake(self) -> None:
        self.woken += 1

    def see(self, path: str = "", status: int = 200) -> str:
        answer = self.client.get(f"{INBOX}{path}")
        assert answer.status_code == status, answer.text
        return words_of(answer.text)

    def send(self, path: str, **fields: str) -> httpx.Response:
        page = self.client.get(f"{INBOX}{path.removesuffix('/end')}")
        fields = {"csrf_token": csrf_token_in(page.text), **fields}
        answer: httpx.Response = self.client.post(f"{INBOX}{path}", data=fields)
        return answer


@pytest.fixture
def full(desk: Desk) -> Desk:
    """A critical line, a warning, one of another council, a placement without a price, and one that has ended."""
    desk.hear(
        said(1, committed_pence=105_000, drivers=[("PL-7", 105_000)]),
        said(1, provision="mainstream", committed_pence=91_000),
        said(1, provision="independent", committed_pence=91_000),
    )
    desk.hear(said(2, provision="independent", committed_pence=10))
    desk.hear(said(1, committed_pence=92_000), authority=BRISTOL)
    desk.intake.take([read_event(read_json(condition(1, **UNPRICED)))])
    desk.now = NOON + timedelta(days=9)
    Watch(desk.engine, desk.alerts).tick()
    return desk


@pytest.fixture
def inbox(full: Desk) -> Inbox:
    return Inbox(full)


def test_it_lists_what_needs_somebody_the_gravest_first(inbox: Inbox) -> None:
    seen = inbox.see()
    assert "Acknowledged by nobody 4 1 of them critical" in seen
    assert "Past 1" in seen
    first, second = seen.index("Special schools at 105.0% of budget"), seen.index("Mainstream at 91.0% of budget")
    assert first < second
    assert "A placement without a price: placement/PL-1042" in seen
    assert "Independent" not in seen.partition("Who has it")[2]
    assert "Alerts 1 to 4 of 4." in seen


def test_filters_stand_in_the_address(inbox: Inbox) -> None:
    counts = {
        "show=past": 1, "show=acknowledged": 0, "show=unacknowledged": 4, "severity=critical": 1,
        "severity=warning": 3, "rule=line-budget": 3, "rule=nothing-of-the-kind": 0, f"authority={BRISTOL}": 1,
        "authority=E06000001": 0, f"authority={LEICESTER}&severity=warning": 2,
        "show=open&severity=&rule=&authority=": 4,
    }  # fmt: skip
    for query, count in counts.items():
        said_of_it = f"of {count}." if count else "Nothing is like what was asked for"
        assert said_of_it in inbox.see(f"?{query}"), query


def test_a_filter_that_cannot_be_taken_is_named(inbox: Inbox) -> None:
    for field, words in {
        "show": "all", "severity": "grave", "rule": "Line%20Budget", "authority": "Leicester", "page": "0",
        "colour": "red",
    }.items():  # fmt: skip
        assert f" {field} : " in inbox.see(f"?{field}={words}", 422)
    assert " authority : " in inbox.see("?authority=E0600001%D9%A6", 422)
    assert " page : " in inbox.see("?page=x", 422)


def test_a_page_beyond_the_last_is_none(inbox: Inbox) -> None:
    assert "there are 1 pages of this, and no page 2" in inbox.see("?page=2", 404)


def test_an_alert_shows_why_since_when_and_who_was_told(inbox: Inbox) -> None:
    seen = inbox.see(f"/alerts/{SPECIAL}")
    assert "£1,050.00 is committed or spent, 105.0% of the budget of £1,000.00." in seen
    assert "The threshold is 100% (£1,000.00)" in seen
    assert "PL-7 +£1,050.00" in seen
    assert "Nobody has acknowledged it yet" in seen
    assert "finance@leicester.example by mail" in seen
    assert "Waiting to be sent" in seen
    assert "As it stands now" not in seen  # it stands as it did


def test_an_alert_shows_how_its_line_stands_by_now(inbox: Inbox, full: Desk) -> None:
    full.hear(said(2, committed_pence=104_000))
    seen = inbox.see(f"/alerts/{SPECIAL}")
    assert "105.0% of the budget" in seen
    assert "As it stands now" in seen
    assert "£1,040.00" in seen


def test_somebody_takes_an_alert_on_and_somebody_else_takes_it_over(inbox: Inbox) -> None:
    answer = inbox.send(f"/alerts/{SPECIAL}/acknowledge", by=" A. Patel ", note="two places\r\nare let go")
    assert [step.status_code for step in answer.history] == [303]
    assert answer.url.path == f"{INBOX}/alerts/{SPECIAL}"
    seen = words_of(answer.text)
    assert "Acknowledged by A. Patel on 12 November 2025 at 12:00pm." in seen
    assert "two places are let go" in seen
    assert inbox.woken == 1
    assert "Acknowledged by nobody 3 0 of them critical" in inbox.see()
    seen = words_of(inbox.send(f"/alerts/{SPECIAL}/acknowledge", by="B. Jones").text)
    assert "Acknowledged by B. Jones" in seen
    assert "Take it over" in seen


def test_a_note_stands_in_the_history_and_changes_nothing_else(inbox: Inbox, full: Desk) -> None:
    said_before = full.ask("SELECT count(*) AS n FROM outbox")
    seen = words_of(inbox.send(f"/alerts/{SPECIAL}/note", by="A. Patel", note="Asked the head of <b>service</b>").text)
    assert "Noted Critical A. Patel Asked the head of <b>service</b>" in seen
    assert "Nobody has acknowledged it yet" in seen
    assert full.ask("SELECT count(*) AS n FROM outbox") == said_before
    full.hear(said(2, committed_pence=0))
    seen = words_of(inbox.send(f"/alerts/{SPECIAL}/note", by="A. Patel", note="It is over").text)  # after the end too
    assert "It is over" in seen
    assert "Ended on" in seen


def test_a_silence_covers_one_alert_or_its_rule_until_the_end_of_a_day_in_england(inbox: Inbox, full: Desk) -> None:
    seen = words_of(inbox.send(f"/alerts/{SPECIAL}/silence", by="A. Patel", reason="in hand", until="2025-11-20").text)
    assert "Silenced by A. Patel until the end of 20 November 2025: in hand" in seen
    assert "Silenced" not in inbox.see(f"/alerts/{MAINSTREAM}")
    inbox.send(f"/alerts/{SPECIAL}/silence", by="A. Patel", reason="all", until="2025-11-20", covers="rule")
    assert "Silenced" in inbox.see(f"/alerts/{MAINSTREAM}")
    assert "Silences in force 2" in inbox.see()
    full.hear(said(1, provision="post-16", committed_pence=99_000))
    told = full.ask("SELECT 1 FROM deliveries WHERE alert_id LIKE '%post-16%'")
    assert (told, "Post-16" in inbox.see()) == ([], True)


def test_a_silence_is_ended_by_name_once(inbox: Inbox, full: Desk) -> None:
    inbox.send(f"/alerts/{SPECIAL}/silence", by="A. Patel", reason="in hand", until="2025-11-20")
    full.now += timedelta(minutes=1)
    assert "line-budget E06000016 special A. Patel in hand the end of 20 November 2025" in inbox.see("/silences")
    assert "Enter your name" in words_of(inbox.send("/silences/1/end", by=" ").text)
    seen = words_of(inbox.send("/silences/1/end", by="B. Jones").text)
    assert "Ended on 12 November 2025 at 12:01pm by B. Jones." in seen
    assert inbox.send("/silences/1/end", by="C. Smith", csrf_token=csrf_token(inbox)).status_code == 409
    assert "None." in inbox.see("/silences")
    assert "ended by B. Jones" in inbox.see("/silences?ended=true")


def csrf_token(inbox: Inbox) -> str:
    return csrf_token_in(inbox.client.get(f"{INBOX}/alerts/{SPECIAL}/note").text)


WRONG = [
    ("acknowledge", {"note": "x"}, "Enter your name, of at most 200 characters"),
    ("acknowledge", {"by": "A" * 201}, "Enter your name, of at most 200 characters"),
    ("acknowledge", {"by": "A", "note": "x" * 501}, "Enter a note, of at most 500 characters"),
    ("note", {"by": "A"}, "Enter a note"),
    ("note", {"by": "A", "note": "a\x07b"}, "without control characters"),
    ("silence", {"by": "A", "until": "2025-11-20"}, "Enter a reason"),
    ("silence", {"by": "A", "reason": "r"}, "Enter a day, written as 2026-03-31"),
    ("silence", {"by": "A", "reason": "r", "until": "20/11/2025"}, "Enter a day, written as 2026-03-31"),
    ("silence", {"by": "A", "reason": "r", "until": "2025-11-11"}, "Enter a day from today to 9 February 2026"),
    ("silence", {"by": "A", "reason": "r", "until": "2026-02-10"}, "Enter a day from today to 9 February 2026"),
    ("silence", {"by": "A", "reason": "r", "until": "2025-11-20", "covers": "all"}, "Choose what is silenced"),
]


def test_a_form_comes_back_with_what_was_written_and_what_is_wrong(inbox: Inbox, full: Desk) -> None:
    for answer, fields, asks in WRONG:
        sent = inbox.send(f"/alerts/{SPECIAL}/{answer}", **fields)
        assert sent.status_code == 422
        seen = words_of(sent.text)
        assert "There is a problem" in seen
        assert asks in seen
        written = [value for name, value in fields.items() if name != "covers" and "\x07" not in value]
        assert all(escape(value) in sent.text for value in written)
    assert full.ask("SELECT 1 FROM silences UNION ALL SELECT 1 FROM transitions WHERE by_whom IS NOT NULL") == []


def test_the_last_day_of_a_silence_is_taken_and_today_too(inbox: Inbox) -> None:
    for day in ("2026-02-09", "2025-11-12"):
        sent = inbox.send(f"/alerts/{SPECIAL}/silence", by="A", reason="r", until=day)
        assert [step.status_code for step in sent.history] == [303]


def test_an_alert_that_has_ended_cannot_be_taken_on(inbox: Inbox) -> None:
    ended = f"/alerts/{LEICESTER}-2025-line-budget-independent-1"
    assert "Ended on 3 November 2025" in inbox.see(ended)
    sent = inbox.send(f"{ended}/acknowledge", by="A. Patel")
    assert (sent.status_code, "Nothing needs to be done" in sent.text) == (409, True)


def test_what_is_not_there_is_refused_with_a_page(inbox: Inbox) -> None:
    for path in ("/alerts/none", "/alerts/none/note", "/silences/7"):
        assert "Go to the start of High Needs Block alerts" in inbox.see(path, 404)
    for path in (f"/alerts/{SPECIAL}/close", "/silences/x", "/silences?ended=maybe"):
        assert "Go to the start of High Needs Block alerts" in inbox.see(path, 422)


def test_nothing_is_changed_by_a_form_of_somebody_else(inbox: Inbox, full: Desk) -> None:
    sent = inbox.client.post(f"{INBOX}/alerts/{SPECIAL}/acknowledge", data={"by": "A", "csrf_token": "x" * 43})
    assert (sent.status_code, "This form cannot be taken" in sent.text) == (403, True)
    assert full.ask("SELECT 1 FROM transitions WHERE by_whom IS NOT NULL") == []


def test_who_is_signed_in_writes_under_their_own_name(full: Desk) -> None:
    ann = Inbox(full, "officer")
    assert "Your name" not in ann.see(f"/alerts/{SPECIAL}/acknowledge")
    seen = words_of(ann.send(f"/alerts/{SPECIAL}/acknowledge", by="Somebody Else").text)
    assert "Acknowledged by Ann Okafor" in seen
    ann.send(f"/alerts/{SPECIAL}/silence", reason="in hand", until="2025-11-20", by="Somebody Else")
    assert "Ann Okafor in hand" in ann.see("/silences")
    full.now += timedelta(minutes=1)
    ann.send("/silences/1/end")
    assert "by Ann Okafor" in ann.see("/silences/1")


def test_a_role_for_one_council_opens_no_other_councils_alerts_and_ends_no_silence_of_all(full: Desk) -> None:
    ann, everybody = Inbox(full, f"officer:{BRISTOL}"), Inbox(full)
    seen = ann.see()
    assert "Alerts 1 to 1 of 1." in seen
    assert f"{LEICESTER} 2025-26" not in seen
    assert f"Your role here does not cover {LEICESTER}" in ann.see(f"?authority={LEICESTER}", 403)
    for path in ("", "/note", "/acknowledge"):
        assert "cannot see" in ann.see(f"/alerts/{SPECIAL}{path}", 403)
    token = csrf_token_in(ann.client.get(f"{INBOX}/alerts/{BRISTOL}-2025-line-budget-special-1/note").text)
    sent = ann.client.post(f"{INBOX}/alerts/{SPECIAL}/note", data={"csrf_token": token, "note": "x"})
    assert sent.status_code == 403
    everybody.send(f"/alerts/{SPECIAL}/silence", by="A", reason="Leicester's", until="2025-11-20")
    assert "Leicester's" not in ann.see("/silences")
    ann.see("/silences/1", 404)
    with full.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE silences SET authority = NULL")
    assert "End it now" not in ann.see("/silences/1")
    sent = ann.client.post(f"{INBOX}/silences/1/end", data={"csrf_token": token})
    assert (sent.status_code, everybody.see("/silences/1").count("In force until")) == (403, 1)


def test_who_saw_which_record_is_written_down(full: Desk) -> None:
    ann = Inbox(full, "officer")
    ann.see()
    ann.see(f"/alerts/{SPECIAL}")
    trail = full.ask("SELECT subject, kind, authority, record FROM views ORDER BY number")
    assert [tuple(row.values()) for row in trail] == [
        ("ann", "alerts", LEICESTER, "PL-1042"), ("ann", "alert", LEICESTER, "PL-7"),
    ]  # fmt: skip


def test_a_list_longer_than_a_page_goes_on(desk: Desk) -> None:
    desk.hear(*(said(1, financial_year=1990 + number, committed_pence=95_000) for number in range(101)))
    inbox = Inbox(desk)
    assert "Alerts 1 to 100 of 101." in inbox.see("?rule=line-budget")
    assert "Alerts 101 to 101 of 101." in inbox.see("?rule=line-budget&page=2")


def test_a_forecast_is_shown_with_what_it_was_judged_by(desk: Desk) -> None:
    desk.hear(reserve(-4_600_000_000))
    inbox = Inbox(desk)
    assert "Reserve heading for −£46,000,000.00, plan −£44,800,000.00" in inbox.see()
    found = desk.ask("SELECT id FROM alerts")[0]["id"]
    assert "The threshold is the planned −£44,800,000.00" in inbox.see(f"/alerts/{found}")
