"""Channels against real receivers that behave, and that do not."""

import hashlib
import hmac
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from alerts.channels import Channel, Letter, open_channel
from alerts.delivery import Courier, Patience
from alerts.domain.severity import Severity
from alerts.notify import NotifyChannel
from alerts.webhooks import WebhookChannel, retry_after, shape_of_hook, signature, signing_key, slack, teams
from hnb.telemetry import Telemetry
from tests.alerts.conftest import wait_until
from tests.alerts.given import Desk, said
from tests.alerts.mailbox import Mailbox, text_of
from tests.alerts.receiver import Answer, Receiver, closed, garbage, held, status
from tests.conftest import FreshDatabase

SECRET = "whsec_" + b64encode(b"twenty-four bytes or more").decode()
KEY = "hnb-test-11111111-2222-3333-4444-555555555555-66666666-7777-8888-9999-000000000000"
QUICK = Patience(first_seconds=0.02, longest_seconds=0.05, tries=3)
PATIENT = Patience(first_seconds=0.02, longest_seconds=0.05, tries=1_000)
LETTER = Letter("A-1-1-abcd", "HNB alert, critical: Special schools", "£1,000.00\n", "<p>£1,000.00</p>",
                Severity.CRITICAL, {"alert_id": "A-1"})  # fmt: skip


def hook(url: str, name: str = "Case system") -> WebhookChannel:
    return WebhookChannel(name, f"{url}/hooks/hunter2-path", signing_key(SECRET), (SECRET, "hunter2-path"))


@contextmanager
def office(url: str, *channels: Channel, fallback: str | None = None, patience: Patience = QUICK) -> Iterator[Desk]:
    """A desk that tells these channels, with a courier at work."""
    desk = Desk(url, [channel.name for channel in channels if channel.name != fallback])
    telemetry = Telemetry("alerts")
    courier = Courier(desk.engine, {c.name: c for c in channels}, telemetry, patience, fallback)
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.02):
            courier.dispatch()

    working = threading.Thread(target=work)
    working.start()
    try:
        yield desk
    finally:
        stop.set()
        working.join()
        desk.close()


def rows_in(desk: Desk, state: str, count: int) -> list[dict[str, object]]:
    def there() -> list[dict[str, object]]:
        found = desk.ask(f"SELECT * FROM deliveries WHERE state = '{state}' ORDER BY seq")
        return found if len(found) >= count else []

    return wait_until(there)


def test_a_webhook_is_signed_as_standard_webhooks_say_and_named_by_its_reference(database_url: FreshDatabase) -> None:
    with Receiver() as receiver, office(database_url("alerts"), hook(receiver.url)) as desk:
        desk.hear(said(1, committed_pence=100_400, drivers=[("PL-1042", 100_400)]))
        (row,) = rows_in(desk, "sent", 1)
    (got,) = receiver.received
    assert got.headers["webhook-id"] == row["id"]
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = hmac.new(b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert got.headers["webhook-signature"] == f"v1,{b64encode(expected).decode()}"
    body = json.loads(got.body)
    assert body["reference"] == row["id"]
    assert (body["alert_id"], body["rule"], body["change"], body["severity"]) == (
        "E06000016-2025-line-budget-special-1", "line-budget", "opened", "critical",
    )  # fmt: skip
    assert body["evidence"]["drivers"] == [{"commitment_id": "PL-1042", "amount_pence": 100_400}]
    assert body["link"] in body["text"]


def test_the_signature_is_that_of_the_published_example() -> None:
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize("secret", ["hunter2", "whsec_?hunter2?", "whsec_aGk="])
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is looked at below
        signing_key(secret)
    assert secret.removeprefix("whsec_") not in str(refused.value)


NOW = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0), (" 0 ", 0.0), ("99999999999999999999", 3600.0),
        (None, None), ("soon", None), ("-3", None), ("1.5", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=1), usegmt=True), 3600.0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_and_at_most_an_hour(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


def test_a_receiver_that_asks_for_a_pause_is_left_alone_for_it_with_all_that_waits(database_url: FreshDatabase) -> None:
    answers = status(429, b"too fast", Retry_After="1800")
    with Receiver(answers) as receiver, office(database_url("alerts"), hook(receiver.url), patience=PATIENT) as desk:
        desk.hear(*(said(1, provision=p, committed_pence=95_000) for p in ("special", "hospital")))
        query = """SELECT count(*) AS held FROM deliveries WHERE state = 'queued'
            AND due_at BETWEEN clock_timestamp() + interval '29 min' AND clock_timestamp() + interval '31 min'"""
        wait_until(lambda: desk.ask(query)[0]["held"] == 2)
        assert len(receiver.received) == 1
        (tried, _) = desk.ask("SELECT last_error FROM deliveries ORDER BY attempts DESC")
        assert tried["last_error"] == "HTTP 429 too fast"


MISBEHAVED: list[tuple[Answer, str]] = [
    (status(500, b"secret is hunter2-path"), "HTTP 500 secret is ****"),
    (status(503), "HTTP 503"),
    (status(302, b"", Location="http://127.0.0.1:1/"), "HTTP 302"),
    (closed, "ConnectionError"),
    (garbage, "Error"),
]


@pytest.mark.parametrize(("answer", "error"), MISBEHAVED, ids=["500", "503", "redirect", "closed", "garbage"])
def test_a_receiver_that_fails_first_is_asked_again_under_the_same_id(
    database_url: FreshDatabase, answer: Answer, error: str
) -> None:
    with Receiver(answer) as bad:
        failure = hook(bad.url).send(LETTER)
    assert failure is not None
    assert error in failure.error
    assert "hunter2" not in failure.error
    with (
        Receiver(answer, answer, status(200, b"ok")) as receiver,
        office(database_url("alerts"), hook(receiver.url)) as desk,
    ):
        desk.hear(said(1, committed_pence=95_000))
        (row,) = rows_in(desk, "sent", 1)
    assert row["attempts"] == 3
    assert {got.headers["webhook-id"] for got in receiver.received} == {row["id"]}


def test_a_receiver_that_takes_its_time_holds_up_nobody(database_url: FreshDatabase) -> None:
    answered = threading.Event()
    with (
        Receiver(held(answered)) as slow,
        Receiver() as quick,
        office(database_url("alerts"), hook(slow.url, "Slow"), hook(quick.url, "Quick")) as desk,
    ):
        for version, pence in enumerate([95_000, 100_000, 0], start=1):
            desk.hear(said(version, committed_pence=pence))
        rows_in(desk, "sent", 3)
        assert len(slow.received) == 1
        answered.set()
        rows_in(desk, "sent", 6)


def test_what_is_given_up_goes_to_the_fallback_once_and_says_so(database_url: FreshDatabase, mailbox: Mailbox) -> None:
    operator = open_channel("Operators", mailbox.url("ops@leicester.example"))
    with (
        Receiver(status(500)) as bad,
        office(database_url("alerts"), hook(bad.url, "Finance"), operator, fallback="Operators") as desk,
    ):
        desk.hear(said(1, committed_pence=95_000))
        (failed,) = rows_in(desk, "failed", 1)
        (sent,) = rows_in(desk, "sent", 1)
        assert (sent["id"], sent["fallback_of"]) == (f"{failed['id']}-fallback", failed["id"])
        assert (sent["alert_id"], sent["body"]) == (failed["alert_id"], failed["body"])
    (message,) = mailbox.received
    assert message["subject"] == f"Undelivered to Finance: {failed['subject']}"
    assert len(bad.received) == QUICK.tries


def test_a_fallback_that_is_dead_itself_is_given_up_for_good(database_url: FreshDatabase) -> None:
    with (
        Receiver(status(500)) as bad,
        office(database_url("alerts"), hook(bad.url, "Finance"), hook(bad.url, "Ops"), fallback="Ops") as desk,
    ):
        desk.hear(said(1, committed_pence=95_000))
        rows_in(desk, "failed", 2)
        assert desk.ask("SELECT count(*) AS all_of_them FROM deliveries")[0]["all_of_them"] == 2


def test_an_email_has_text_and_html_a_message_id_of_its_reference_and_wants_no_automatic_answer(
    mailbox: Mailbox,
) -> None:
    channel = open_channel("Finance", mailbox.url("finance@leicester.example"))
    assert [channel.send(LETTER), channel.send(LETTER)] == [None, None]
    first, second = mailbox.received
    assert first["message-id"] == second["message-id"] == "<A-1-1-abcd@leicester.example>"
    assert (first["auto-submitted"], first["to"]) == ("auto-generated", "finance@leicester.example")
    assert first["date"].datetime.tzinfo is not None
    assert text_of(first) == "£1,000.00\n"
    html = first.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == "<p>£1,000.00</p>"
    assert first.get_content_type() == "multipart/alternative"


def test_notify_is_asked_by_its_own_client_with_the_reference_and_its_pause_is_kept() -> None:
    limited = status(429, b'{"errors": [{"error": "RateLimitError"}]}', Retry_After="60")
    accepted = status(201, b'{"id": "1"}')
    with Receiver(limited, accepted, closed) as notify:
        channel = NotifyChannel("Finance", KEY, "0" * 36, "finance@leicester.example", notify.url)
        failure = channel.send(LETTER)
        assert failure is not None
        assert (failure.error.startswith("HTTP 429"), failure.retry_after) == (True, 60.0)
        assert channel.send(LETTER) is None
        failure = channel.send(LETTER)
        assert failure is not None
        assert "no answer" in failure.error
    got = notify.received[1]
    assert got.path == "/v2/notifications/email"
    assert got.headers["authorization"].startswith("Bearer ey")
    assert json.loads(got.body) == {
        "email_address": "finance@leicester.example", "template_id": "0" * 36, "reference": "A-1-1-abcd",
        "personalisation": {"subject": LETTER.subject, "body": LETTER.text},
    }  # fmt: skip


def test_the_addresses_slack_and_teams_show_are_posted_to_directly() -> None:
    assert shape_of_hook("https://hooks.slack.com/services/T1/B1/x") is slack
    assert shape_of_hook("https://prod-1.uksouth.logic.azure.com/workflows/x/triggers/manual/paths/invoke") is teams
    assert shape_of_hook("https://hooks.slack.com.example/services/T1/B1/x") is None
    assert shape_of_hook("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazk") is None
    letter = Letter("r", "Subject", "<!channel> & others\n\nBudget   £1\nSpent   £2\n")
    assert "&lt;!channel&gt; &amp; others" in json.dumps(slack(letter))
    assert "Budget £1\\n\\nSpent £2" in json.dumps(teams(letter), ensure_ascii=False)


def test_a_plain_webhook_of_apprise_is_told_too_and_a_refusal_says_why() -> None:
    with ExitStack() as exits:
        receiver = exits.enter_context(Receiver(status(500), status(200)))
        channel = open_channel("Plain", receiver.url.replace("http://", "json://"))
        failure = channel.send(LETTER)
        assert failure is not None
        assert "500" in failure.error
        assert channel.send(LETTER) is None
    assert json.loads(receiver.received[1].body)["title"] == LETTER.subject
