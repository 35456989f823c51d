"""Secrets stay where they were told: whatever succeeds or fails, none is in a log, an answer, a stream or a title."""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
import pytest
import redis

from hnb_local.folder import SERVICES
from hnb_local.postgres import ADMIN, postgres_url
from hnb_local.processes import free_ports
from hnb_local.stack import Stack
from tests.cases import budget, event, made, yearly
from tests.conftest import scratch_folder
from tests.journeys.waiting import until

SINGLE = {"content-type": "application/cloudevents+json"}
TOLD = {name: f"{name}-{secrets.token_hex(16)}" for name in (
    "bearer", "link", "mailbox", "webhook-address", "json-address", "wrong-bearer", "wrong-query")}  # fmt: skip
SIGNING = f"whsec_{b64encode(secrets.token_bytes(24)).decode()}"
CHILD = {"name": "Marigold Thistlewood", "upn": "H801200001001", "born": "2012-03-05", "ref": "pseudonym-7f3a9c41"}
PAGES = {
    "placements": ["/events?authority=E06000016&source=/capita-one/leicester&id=ours", "/settings", "/waiting"],
    "ledger": ["/positions?authority=E06000016", "/waiting-events?authority=E06000016"],
    "alerts": ["/alerts", "/deliveries", "/silences"],
}
EVERYWHERE = ["/metrics", "/health/live", "/health/ready", "/openapi.json", "/asyncapi", "/docs", "/no-such-page"]


@dataclass(frozen=True)
class System:
    """The system as it runs, and every secret it was told or made itself."""

    stack: Stack
    hidden: dict[str, str]

    def get(self, service: str, page: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOLD['bearer']}"}
        return httpx.get(self.stack.urls[service] + page, headers=headers, timeout=30)

    def send(self, body: object) -> httpx.Response:
        headers = {**SINGLE, "Authorization": f"Bearer {TOLD['bearer']}"}
        return httpx.post(f"{self.stack.urls['placements']}/events", json=body, headers=headers, timeout=30)

    def log(self, name: str) -> str:
        return self.stack.folder.log(name).read_text(errors="replace")

    def admin_url(self, service: str) -> str:
        port = urlsplit(self.stack.database_urls[service]).port or 0
        return postgres_url(ADMIN, self.stack.folder.secrets()[ADMIN], port, service)


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with scratch_folder() as folder, pytest.MonkeyPatch.context() as environment:
        for name, value in settings(folder).items():
            environment.setenv(name, value)
        with Stack(folder / "data", say=print, durable=False) as stack:
            made_here = {f"password of {name}": value for name, value in stack.folder.secrets().items()}
            yield System(stack, TOLD | {"signing": SIGNING} | made_here)


def settings(folder: Path) -> dict[str, str]:
    """A secret in every setting that takes one; every recipient is at a port where nobody listens."""
    mail, hook, plain = free_ports(3)
    recipients = folder / "recipients.yaml"
    recipients.write_text(f"""
recipients:
  - name: By mail
    roles: [finance, placements, operators]
    url: mailto://officer:{TOLD["mailbox"]}@127.0.0.1:{mail}?from=hnb@example.org&to=officer@example.org
  - name: By webhook
    roles: [finance]
    webhook: {{url: "http://127.0.0.1:{hook}/{TOLD["webhook-address"]}", secret_env: SIGNING_SECRET}}
  - name: Otherwise
    roles: [finance]
    url: json://officer:{TOLD["json-address"]}@127.0.0.1:{plain}/hook
""")
    recipients.chmod(0o600)
    return {
        "HNB_TOKENS": hashlib.sha256(TOLD["bearer"].encode()).hexdigest(), "HNB_LOG_LEVEL": "debug",
        "HNB_ALERT_LINK_SECRET": TOLD["link"], "HNB_ALERT_RECIPIENTS": str(recipients), "SIGNING_SECRET": SIGNING,
    }  # fmt: skip


def test_no_secret_is_said_whatever_succeeds_or_fails(system: System) -> None:
    it_works_and_nobody_can_be_told(system)
    strangers_are_turned_away(system)
    children_are_named_where_they_must_not_be(system)
    requests_and_events_fail(system)
    servers_go_away(system)
    for place, text in said_in_logs(system).items() | said_elsewhere(system).items():
        for name, secret in system.hidden.items():
            assert secret not in text, f"{name} is in {place}"
    for place, text in said_in_logs(system).items():
        for name, value in CHILD.items():
            assert value not in text, f"a child's {name} is in {place}"


def it_works_and_nobody_can_be_told(system: System) -> None:
    assert system.send(budget("special", 1_000)).status_code == 202
    assert system.send(made("PL-1", yearly(66_500), child=CHILD["ref"], id="ours")).status_code == 202
    until(lambda: system.log("alerts").count("an alert could not be delivered") >= 3, patience=120)
    assert '"event_id": "ours"' in system.log("placements")  # what is logged is looked at: this is found


def strangers_are_turned_away(system: System) -> None:
    for service, url in system.stack.urls.items():
        page = f"{url}{PAGES[service][0]}"
        for headers in ({}, {"Authorization": f"Bearer {TOLD['wrong-bearer']}"},
                        {"Authorization": f"Basic {TOLD['wrong-bearer']}"}):  # fmt: skip
            assert httpx.get(page, headers=headers, timeout=30).status_code == 401
    alert = system.get("alerts", "/alerts").json()["alerts"][0]["id"]
    link = f"{system.stack.urls['alerts']}/alerts/{alert}/page?token={TOLD['wrong-query']}"
    assert httpx.get(link, timeout=30).status_code == 403


def children_are_named_where_they_must_not_be(system: System) -> None:
    """At the door, and at the stream, where the whole of what is refused goes to the dead letters, as is documented."""
    named = made("PL-2", yearly(1))
    named["data"] |= {"name": CHILD["name"], "child_ref": CHILD["upn"], "date_of_birth": CHILD["born"]}
    wrong = [
        named, {**made("PL-3"), "subject": CHILD["ref"], "data": {**made("PL-3")["data"], "child_ref": CHILD["ref"]}},
        event("placement-made", {"placement_id": CHILD["name"], "child_ref": CHILD["name"]}),
        {**made("PL-4"), "id": CHILD["name"]}, {**made("PL-4"), "source": CHILD["name"], "time": CHILD["born"]},
    ]  # fmt: skip
    for body in wrong:
        assert system.send(body).status_code == 422
    with redis.Redis.from_url(system.stack.broker_url) as admin, psycopg.connect(system.admin_url("placements")) as sql:
        before = sql.execute("SELECT count(*) FROM dead_letters").fetchone()
        assert before is not None
        for body in wrong:
            admin.xadd("case-intake", {"event": httpx.Request("POST", "http://x", json=body).content})
        sql.commit()
        until(lambda: sql.execute("SELECT count(*) FROM dead_letters").fetchone() == (before[0] + len(wrong),))


def requests_and_events_fail(system: System) -> None:
    """A table that is suddenly not there: what fails then is logged as it stands, statement and all."""
    with psycopg.connect(system.admin_url("placements"), autocommit=True) as admin:
        admin.execute("ALTER TABLE facts RENAME TO facts_away")
        try:
            assert system.send(made("PL-9", yearly(1), child=CHILD["ref"])).status_code == 500
        finally:
            admin.execute("ALTER TABLE facts_away RENAME TO facts")
    until(lambda: "a request failed" in system.log("placements"))


def servers_go_away(system: System) -> None:
    for server in ("valkey", "postgres"):
        before = system.stack.processes[server]
        os.kill(before, signal.SIGKILL)
        for service in SERVICES:
            system.get(service, "/health/ready")
        until(lambda: system.stack.processes[server] != before, patience=60)  # noqa: B023 - awaited here
        system.stack.wait_until_ready()
    assert system.send(made("PL-10", yearly(1), child=CHILD["ref"])).status_code == 202


def said_in_logs(system: System) -> dict[str, str]:
    return {str(file): file.read_text(errors="replace") for file in (system.stack.folder.path / "logs").iterdir()}


def said_elsewhere(system: System) -> dict[str, str]:
    said = {}
    for service in SERVICES:
        for page in (*EVERYWHERE, *PAGES[service]):
            answer = system.get(service, page)
            said[f"{service}{page}"] = f"{answer.headers}\n{answer.text}"
        with psycopg.connect(system.admin_url(service)) as admin:
            rows = admin.execute("SELECT application_name, query FROM pg_stat_activity").fetchall()
            said[f"{service}: what PostgreSQL says of its connections"] = str(rows)
    with redis.Redis.from_url(system.stack.broker_url) as admin_of_broker:
        for key in admin_of_broker.scan_iter():
            said[f"stream {key!r}"] = str(admin_of_broker.xrange(key))
        said["what the broker says of its connections"] = str(admin_of_broker.client_list())
    for pid in system.stack.processes.values():
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            said[f"title of process {process.pid}"] = " ".join(process.cmdline()) + process.name()
    return said


DATABASE, BROKER = "postgresql://ledger:{}@127.0.0.1:{}/ledger", "redis://ledger:{}@127.0.0.1:{}/0"


@pytest.mark.parametrize("wrong", ["database password", "broker password", "database form", "broker form", "link"])
def test_a_service_that_cannot_start_says_why_and_no_secret(system: System, wrong: str) -> None:
    password = f"typed-{secrets.token_hex(12)}"
    database, broker = system.stack.database_urls["ledger"], system.stack.broker_urls["ledger"]
    given = {"HNB_DATABASE_URL": database, "HNB_BROKER_URL": broker, "HNB_PORT": str(free_ports(1)[0])}
    service = "alerts" if wrong == "link" else "ledger"
    given |= {
        "database password": {"HNB_DATABASE_URL": DATABASE.format(password, urlsplit(database).port)},
        "broker password": {"HNB_BROKER_URL": BROKER.format(password, urlsplit(broker).port)},
        "database form": {"HNB_DATABASE_URL": f"ledger:{password}@127.0.0.1"},
        "broker form": {"HNB_BROKER_URL": f"ledger:{password}@127.0.0.1"},
        "link": {"HNB_ALERT_LINK_SECRET": password[:20]},
    }[wrong]
    done = subprocess.run(
        [sys.executable, "-P", "-m", service], env=os.environ | given, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert done.stderr.startswith(f"{service} cannot start: ")
    assert password[:20] not in said
    assert not any(secret in said for secret in system.hidden.values())
