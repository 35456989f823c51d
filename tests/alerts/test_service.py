"""The service as a process: what it hears becomes an alert to read, take on and be told of, also after a kill."""

from hnb_local.processes import free_ports
from tests.alerts.conftest import Start, wait_until
from tests.alerts.given import condition, reserve, said
from tests.alerts.mailbox import Mailbox, text_of

SPECIAL = "/alerts/E06000016-2025-line-budget-special-1"


def test_a_position_on_the_stream_becomes_an_alert_a_message_and_an_acknowledgement(
    start: Start, mailbox: Mailbox
) -> None:
    service = start(HNB_ALERT_URLS=mailbox.url("finance@leicester.example"), HNB_PUBLIC_URL="https://hnb.example/")
    service.hear(said(1, committed_pence=95_000, drivers=[("PL-1042", 95_000)]), reserve(-4_500_000_000))
    listed = service.wait_for_alert(count=2)
    assert [a["rule"] for a in listed] == ["reserve-plan", "line-budget"]
    message = mailbox.wait_for(lambda m: "Special schools at 95.0% of budget" in m["subject"])
    assert f"https://hnb.example/inbox{SPECIAL}\n" in text_of(message)

    answer = service.http.post(f"{SPECIAL}/acknowledge", json={"by": " A. Patel ", "note": "two places under review"})
    assert answer.status_code == 200
    taken = answer.json()
    assert (taken["state"], taken["acknowledged_by"], taken["title"]) == ("acknowledged", "A. Patel", "Special schools")
    assert [t["change"] for t in taken["transitions"]] == ["opened", "acknowledged"]
    assert taken["evidence"]["drivers"] == [{"commitment_id": "PL-1042", "amount_pence": 95_000}]
    assert taken["now"]["committed_pence"] == 95_000

    def sent() -> bool:
        receipts = service.http.get(SPECIAL).json()["deliveries"]
        return [(r["state"], r["attempts"], r["reference"] in text_of(message)) for r in receipts] == [
            ("sent", 1, True)
        ]

    wait_until(sent)
    kept = [entry[b"event"] for _, entry in service.broker.xrange("alert")]
    wait_until(lambda: len(service.broker.xrange("alert")) == 3)
    assert all(b"hnb.alert-changed.v1" in body for body in kept)


def test_lists_are_by_state_and_page_by_page(start: Start) -> None:
    service = start()
    provisions = ("special", "mainstream", "post-16", "hospital")
    service.hear(*(said(1, provision=p, committed_pence=95_000) for p in provisions))
    service.wait_for_alert(count=4)
    service.http.post("/alerts/E06000016-2025-line-budget-special-1/acknowledge", json={"by": "A. Patel"})
    service.hear(said(2, provision="hospital", committed_pence=0))
    service.wait_for_alert("resolved")

    def scopes(**query: object) -> list[str]:
        return sorted(a["scope"] for a in service.http.get("/alerts", params=query).json()["alerts"])  # type: ignore[arg-type]

    assert scopes() == ["mainstream", "post-16", "special"]
    assert scopes(state="acknowledged") == ["special"]
    assert scopes(state="resolved") == ["hospital"]
    assert scopes(state="all") == sorted(provisions)
    assert scopes(authority="E06000001") == []
    first = service.http.get("/alerts", params={"limit": 2}).json()
    second = service.http.get("/alerts", params={"limit": 2, "after": first["next"]}).json()
    assert len({a["id"] for a in first["alerts"] + second["alerts"]}) == 3
    assert second["next"] is None


def test_an_alert_on_a_line_and_one_on_a_placement_are_listed_alike_and_told_apart_by_rule(start: Start) -> None:
    service = start()
    service.hear(said(1, provision="special", committed_pence=95_000))
    service.broker.xadd(
        "condition",
        {
            "event": condition(
                condition="placement-cost",
                scope="placement/PL-1042",
                provision="special",
                value=12_000_000,
                unit="pence",
            )
        },
    )
    service.wait_for_alert(count=2)

    def listed(*rules: str) -> list[tuple[str, bool]]:
        alerts = service.http.get("/alerts", params={"rule": rules}).json()["alerts"]
        return [(a["headline"], a["now"] is None) for a in alerts]

    on_line = ("Special schools at 95.0% of budget", False)
    on_placement = ("a placement that costs much, £120,000.00: placement/PL-1042", True)
    assert sorted(listed()) == sorted(listed("line-budget", "placement-cost")) == [on_line, on_placement]
    assert listed("line-budget") == [on_line]
    assert listed("placement-cost") == [on_placement]
    assert listed("no-such-rule") == []


REFUSALS: list[tuple[str, str, dict[str, str] | None, int]] = [
    ("GET", "/alerts/nothing", None, 404),
    ("POST", "/alerts/nothing/acknowledge", {"by": "A. Patel"}, 404),
    ("POST", f"{SPECIAL}/acknowledge", {"by": "A. Patel"}, 409),
    ("POST", f"{SPECIAL}/acknowledge", {"by": "   "}, 422),
    ("POST", f"{SPECIAL}/acknowledge", {"by": "A.\x00Patel"}, 422),
    ("POST", f"{SPECIAL}/acknowledge", {"by": "A. Patel", "child": "C-1"}, 422),
    ("POST", f"{SPECIAL}/acknowledge", {}, 422),
    ("GET", "/alerts/a%00b", None, 422),
    ("GET", "/alerts?state=asleep", None, 422),
    ("GET", "/alerts?authority=Leicester", None, 422),
    ("GET", "/alerts?limit=0", None, 422),
    ("GET", "/alerts?after=99999999999999999999", None, 422),
]


def test_what_cannot_be_answered_is_refused_as_a_problem(start: Start) -> None:
    service = start()
    service.hear(said(1, committed_pence=95_000))
    service.wait_for_alert()
    service.hear(said(2, committed_pence=0))
    service.wait_for_alert("resolved")
    for method, path, body, status in REFUSALS:
        answer = service.http.request(method, path, json=body)
        assert answer.status_code == status, (method, path, body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


def test_queued_messages_survive_a_kill_and_arrive_once(start: Start) -> None:
    port = free_ports(1)[0]
    url = f"mailto://127.0.0.1:{port}?from=hnb@leicester.example&to=finance@leicester.example"
    first = start(HNB_ALERT_URLS=url)
    first.hear(said(1, committed_pence=95_000))
    (alert,) = first.wait_for_alert()
    wait_until(lambda: first.http.get(f"/alerts/{alert['id']}").json()["deliveries"][0]["last_error"])
    first.process.kill()
    first.process.wait()
    with Mailbox(port) as mailbox:
        second = start(HNB_ALERT_URLS=url)
        mailbox.wait_for(lambda m: "Special schools" in m["subject"])
        receipt = second.http.get(f"/alerts/{alert['id']}").json()["deliveries"][0]
        wait_until(lambda: second.http.get(f"/alerts/{alert['id']}").json()["deliveries"][0]["state"] == "sent")
        assert receipt["attempts"] == 2
        assert len(mailbox.received) == 1


def test_metrics_and_documents_are_complete(start: Start) -> None:
    service = start()
    service.hear(said(1, committed_pence=100_000))
    service.wait_for_alert()
    metrics = service.http.get("/metrics").text
    assert 'hnb_alerts_open{rule="line-budget",severity="critical"} 1.0' in metrics
    assert 'hnb_alerts_open{rule="line-budget",severity="warning"} 0.0' in metrics
    assert "hnb_alert_delivery_seconds_count 0.0" in metrics
    openapi = service.http.get("/openapi.json").json()
    shapes = openapi["components"]["schemas"]
    assert {
        "AlertPage",
        "AlertDetail",
        "LineEvidence",
        "ConditionEvidence",
        "Transition",
        "Receipt",
        "Acknowledge",
    } <= set(shapes)
    streams = service.http.get("/asyncapi").json()
    assert {channel["address"] for channel in streams["channels"].values()} >= {"position", "condition", "alert"}


def test_a_message_that_no_channel_takes_is_counted_apart_from_one_that_waits(start: Start) -> None:
    service = start(HNB_ALERT_URLS=f"json://127.0.0.1:{free_ports(1)[0]}/")
    assert "hnb_alert_messages_retrying 0.0" in service.http.get("/metrics").text
    service.hear(said(1, committed_pence=100_000))
    wait_until(lambda: "hnb_alert_messages_retrying 1.0" in service.http.get("/metrics").text)
    assert 'hnb_alert_messages_unsent{state="queued"} 1.0' in service.http.get("/metrics").text


def test_an_entry_that_is_no_event_is_set_aside_and_the_next_one_heard(start: Start) -> None:
    service = start()
    service.broker.xadd("position", {"event": b"\xff not an event"})
    service.hear(said(1, committed_pence=100_000))
    service.wait_for_alert()
    assert 'hnb_dead_letters_total{service="alerts"} 1.0' in service.http.get("/metrics").text
