"""Who was told what: as JSON, as CSV, and from the command line."""

import csv
import io
import json

import pytest

from hnb_local.alerts_audit import audit
from hnb_local.errors import CommandFailed
from tests.alerts.conftest import Start, wait_until
from tests.alerts.given import LEICESTER, said
from tests.alerts.mailbox import Mailbox


def test_the_audit_says_who_was_told_what_with_what_evidence_and_who_took_it_on(
    start: Start, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    service = start(HNB_ALERT_URLS=mailbox.url("finance@leicester.example"))
    service.hear(said(1, committed_pence=95_000, drivers=[("PL-1042", 95_000)]), said(1, provision="hospital"))
    (alert,) = service.wait_for_alert()
    note = {"by": "A. Patel", "note": '=HYPERLINK("http://x.example")'}
    service.http.post(f"/alerts/{alert['id']}/acknowledge", json=note)
    wait_until(lambda: service.http.get("/deliveries").json()["deliveries"][0]["state"] == "sent")

    (told,) = service.http.get("/deliveries", params={"authority": LEICESTER}).json()["deliveries"]
    assert "finance@leicester.example" in told["recipient"]
    assert (told["alert_id"], told["change"], told["acknowledged_by"]) == (alert["id"], "opened", "A. Patel")
    assert told["evidence"]["drivers"] == [{"commitment_id": "PL-1042", "amount_pence": 95_000}]
    assert told["reference"] in told["text"]
    assert service.http.get("/deliveries", params={"authority": "E06000001"}).json()["deliveries"] == []
    assert service.http.get("/deliveries", params={"from": "2999-01-01T00:00:00Z"}).json()["deliveries"] == []
    assert service.http.get("/deliveries", params={"from": "2025-01-01"}).status_code == 422
    backwards = {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    assert service.http.get("/deliveries", params=backwards).status_code == 422

    answer = service.http.get("/deliveries", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["reference"], row["acknowledgement_note"][0]) == (told["reference"], "'")
    assert json.loads(row["evidence"]) == told["evidence"]

    url = str(service.http.base_url)
    audit("2020-01-01", as_csv=True, alerts_url=url)
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["reference"] == told["reference"]
    audit("2020-01-01", as_json=True, alerts_url=url)
    assert json.loads(capsys.readouterr().out) == [told]
    audit("2020-01-01", alerts_url=url)
    assert "A. Patel" in capsys.readouterr().out
    with pytest.raises(CommandFailed, match="--since is no date"):
        audit("last week", alerts_url=url)
