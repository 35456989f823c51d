"""Messages reach a real SMTP server, once, whatever the other channels do."""

import socket
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from alerts.channels import open_channels
from alerts.delivery import Courier, Patience
from hnb import database
from hnb.telemetry import Telemetry
from hnb_local.processes import free_ports
from tests.alerts.conftest import wait_until
from tests.alerts.given import Desk, said
from tests.alerts.mailbox import Mailbox, text_of
from tests.conftest import FreshDatabase

QUICK = Patience(first_seconds=0.02, longest_seconds=0.05, tries=3)


class Office(Desk):
    """A desk with a courier."""

    def __init__(self, url: str, urls: str, patience: Patience = QUICK) -> None:
        self.open = open_channels(urls)
        self.telemetry = Telemetry("alerts")
        super().__init__(url, list(self.open))
        self.courier = Courier(self.engine, self.open, self.telemetry, patience)

    def dispatch_until(self, state: str, count: int) -> list[dict[str, object]]:
        def there() -> list[dict[str, object]]:
            self.courier.dispatch()
            found = self.ask(f"SELECT * FROM deliveries WHERE state = '{state}' ORDER BY seq")
            return found if len(found) >= count else []

        return wait_until(there)


@pytest.fixture
def closed_port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held: list[socket.socket] = []

        def accept() -> None:
            try:
                while True:
                    held.append(listening.accept()[0])
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        for one in held:
            one.close()


def mail(port: int, officer: str) -> str:
    return f"mailto://127.0.0.1:{port}?from=hnb@leicester.example&to={officer}"


def test_a_message_arrives_with_figures_reference_and_link_and_leaves_a_receipt(
    database_url: FreshDatabase, mailbox: Mailbox
) -> None:
    office = Office(database_url("alerts"), mailbox.url("finance@leicester.example"))
    office.hear(said(1, committed_pence=100_400, drivers=[("PL-1042", 100_400)]))
    (receipt,) = office.dispatch_until("sent", 1)
    (message,) = mailbox.received
    assert message["to"] == "finance@leicester.example"
    assert message["subject"] == "HNB alert, critical: Special schools at 100.4% of budget (2025-26)"
    text = text_of(message)
    assert "£1,004.00 is committed or spent" in text
    assert "PL-1042" in text
    assert "http://alerts.example/inbox/alerts/E06000016-2025-line-budget-special-1" in text
    assert f"Reference {receipt['id']} " in text
    assert (receipt["attempts"], receipt["last_error"]) == (1, None)
    assert office.telemetry.registry.get_sample_value("hnb_alert_delivery_seconds_count") == 1
    assert office.telemetry.registry.get_sample_value("hnb_alert_deliveries_total", {"outcome": "sent"}) == 1
    office.close()


def test_a_dead_channel_fails_after_its_tries_and_a_live_one_beside_it_gets_everything(
    database_url: FreshDatabase, mailbox: Mailbox, closed_port: int
) -> None:
    urls = f"{mail(closed_port, 'dead@leicester.example')},{mailbox.url('live@leicester.example')}"
    office = Office(database_url("alerts"), urls)
    for version, pence in enumerate([95_000, 100_000, 0], start=1):
        office.hear(said(version, committed_pence=pence))
    office.dispatch_until("sent", 3)
    assert [m["subject"].partition(":")[0] for m in mailbox.received] == [
        "HNB alert, warning", "HNB alert, critical", "HNB alert, resolved",
    ]  # fmt: skip
    failed = office.dispatch_until("failed", 3)
    assert {(f["attempts"], f["channel"]) for f in failed} == {
        (3, f"dead@leicester.example by mailto://127.0.0.1:{closed_port}")
    }
    assert "Connection refused" in str(failed[0]["last_error"])
    office.close()


def test_a_channel_that_never_answers_holds_up_nobody(
    database_url: FreshDatabase, mailbox: Mailbox, silent_port: int
) -> None:
    urls = f"{mail(silent_port, 'slow@leicester.example')}&cto=10,{mailbox.url('live@leicester.example')}"
    office = Office(database_url("alerts"), urls)
    for version, pence in enumerate([95_000, 100_000, 0], start=1):
        office.hear(said(version, committed_pence=pence))
    office.dispatch_until("sent", 3)
    waiting = office.ask("SELECT attempts, last_error FROM deliveries WHERE channel LIKE 'slow%' ORDER BY seq")
    assert [(w["attempts"], w["last_error"]) for w in waiting] == [(1, None), (0, None), (0, None)]
    office.close()


def test_a_refused_message_is_tried_again_and_arrives_in_order(database_url: FreshDatabase, closed_port: int) -> None:
    patience = Patience(first_seconds=0.05, longest_seconds=0.1, tries=1_000)
    office = Office(database_url("alerts"), mail(closed_port, "finance@leicester.example"), patience)
    office.hear(said(1, committed_pence=95_000))
    office.hear(said(2, committed_pence=100_000))
    wait_until(lambda: office.courier.dispatch() or office.ask("SELECT 1 FROM deliveries WHERE attempts >= 2"))
    with Mailbox(closed_port) as mailbox:
        office.dispatch_until("sent", 2)
        assert [m["subject"].partition(":")[0] for m in mailbox.received] == [
            "HNB alert, warning", "HNB alert, critical",
        ]  # fmt: skip
    office.close()


def test_what_another_replica_has_in_hand_is_left_to_it_until_its_lease_ends(
    database_url: FreshDatabase, mailbox: Mailbox
) -> None:
    office = Office(database_url("alerts"), mailbox.url("finance@leicester.example"))
    office.hear(said(1, committed_pence=95_000))
    with office.engine.begin() as connection:  # as a claim does
        connection.exec_driver_sql(
            "UPDATE deliveries SET attempts = 1, due_at = clock_timestamp() + interval '2 minutes'"
        )
    (channel,) = office.open
    assert not office.courier.deliver_one(channel)
    with office.engine.begin() as connection:  # it died, and two minutes went by
        connection.exec_driver_sql("UPDATE deliveries SET due_at = clock_timestamp()")
    assert office.courier.deliver_one(channel)
    assert len(mailbox.received) == 1
    office.close()


def test_two_couriers_send_each_message_once(database_url: FreshDatabase, mailbox: Mailbox) -> None:
    url = database_url("alerts")
    offices = [Office(url, mailbox.url("finance@leicester.example")) for _ in range(2)]
    provisions = ("special", "mainstream", "post-16", "independent", "alternative", "hospital", "therapies")
    for provision in provisions:
        offices[0].hear(said(1, provision=provision, committed_pence=95_000))

    def all_sent() -> bool:
        for office in offices:
            office.courier.dispatch()
        return not offices[0].ask("SELECT 1 FROM deliveries WHERE state <> 'sent'")

    wait_until(all_sent)
    assert len(mailbox.received) == len(provisions)
    assert len({m["subject"] for m in mailbox.received}) == len(provisions)
    for office in offices:
        office.close()


def test_what_a_killed_process_had_in_hand_is_sent_at_once_by_the_next_of_its_name(
    database_url: FreshDatabase, mailbox: Mailbox
) -> None:
    office = Office(database_url("alerts"), mailbox.url("finance@leicester.example"))
    office.hear(said(1, committed_pence=95_000))
    with database.transaction(office.engine) as connection:  # claimed, and killed before it was sent
        claim = "UPDATE deliveries SET claimed_by = :by, attempts = 1, due_at = clock_timestamp() + interval '1 hour'"
        connection.execute(text(claim), {"by": "0"})
    others, own = (Courier(office.engine, office.open, Telemetry("alerts"), replica=name) for name in ("1", "0"))
    others.dispatch()
    assert office.ask("SELECT claimed_by FROM deliveries WHERE due_at > clock_timestamp()") == [{"claimed_by": "0"}]
    own.dispatch()
    mailbox.wait_for(lambda message: "95.0% of budget" in message["subject"])
    office.close()
