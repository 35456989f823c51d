"""What must hold of the stack while it runs, looked at from outside and from inside each container."""

import json
import re
import time
from email import message_from_string, policy
from email.message import EmailMessage
from typing import Any

import httpx

from tests.alerts.mailbox import text_of
from tests.containers.bring_up import ends, parts
from tests.containers.engine import Engine
from tests.deploy.files import DEPLOY, read_yaml

DOOR, PROMETHEUS = "http://127.0.0.1:8001", "http://127.0.0.1:9090"
LEICESTER, CHILD = "E06000016", "7f3a9c"
OFFICER = "finance@leicester.example"
# £66,500 a year from 3 November is 149 days of 365, and 90.4% of £30,000.
COMMITTED_PENCE = 2_714_658
SUBJECT = "HNB alert, warning: Special schools at 90.4% of budget (2025-26)"
PATIENCE_SECONDS = 60.0
SERVERS = ("valkey", "postgres")


def alert_urls() -> str:
    """Where alerts go: to the mail container, over the network that leads out."""
    return f"mailto://mail:8025?from=hnb@leicester.example&to={OFFICER}"


def an_event_becomes_an_alert(engine: Engine, token: str) -> str:
    """Posted from outside through the published port, delivered inside the mail container."""
    assert _post({}).status_code == 401, "the door let in somebody without a token"
    started = time.monotonic()
    answer = _post({"Authorization": f"Bearer {token}"})
    assert [one["status"] for one in answer.json()] == ["accepted", "accepted"], answer.text
    message = _first_mail(engine)
    took = time.monotonic() - started
    assert (message["subject"], message["to"]) == (SUBJECT, OFFICER)
    text = text_of(message)
    assert "£27,146.58 is committed or spent, 90.4% of the budget of £30,000.00." in text
    assert CHILD not in message.as_string()
    return f"refused without a token; “{SUBJECT}” was in the mail container {took:.1f} s after the answer"


def every_container_is_locked(engine: Engine) -> str:
    """Not root, nothing to write to but what compose.yaml says, no capability, and a limit on memory and processes."""
    users = {}
    for name, part in parts().items():
        known = json.loads(engine.podman("inspect", engine.container(name)))[0]
        limits = known["HostConfig"]
        assert limits["ReadonlyRootfs"], f"{name} has a root file system to write to"
        assert limits["Memory"] > 0, f"{name} may take all memory"
        assert limits["PidsLimit"] == part["pids_limit"], f"{name} may start {limits['PidsLimit']} processes"
        if ends(part):  # nobody can look inside any more
            assert known["Config"]["User"] == "10001:10001", name
            continue
        status = engine.inside(name, "cat /proc/1/status")
        users[name] = int(_field(status, "Uid").split()[0])
        assert users[name] != 0, f"{name} runs as root"
        assert int(_field(status, "CapBnd"), 16) == 0, f"{name} could still be given a capability"
        assert _field(status, "NoNewPrivs") == "1", f"{name} may gain privileges"
        touched = engine.inside(name, "LC_ALL=C touch /written 2>&1 || true")
        assert "Read-only file system" in touched, (
            f"{name} wrote to its root file system, or was kept from it otherwise"
        )
        more = _writable(engine, name) - _granted(part)
        assert not more, f"{name} may write to {more}, of which compose.yaml says nothing"
    return "user ids " + ", ".join(f"{name} {user}" for name, user in users.items()) + "; root read-only; no capability"


def _writable(engine: Engine, name: str) -> set[str]:
    """Where something is mounted to write to, without what the kernel and the engine put into every container."""
    mounts = [line.split() for line in engine.inside(name, "cat /proc/mounts").splitlines()]
    engines_own = r"/(dev|proc|sys)(/|$)|/etc/(hosts|hostname|resolv\.conf)$|/run/\.containerenv$"
    return {
        place for _, place, _, options, *_ in mounts
        if "rw" in options.split(",") and not re.match(engines_own, place)
    }  # fmt: skip


def _granted(part: dict[str, Any]) -> set[str]:
    kept = {volume.split(":")[1] for volume in part.get("volumes", []) if not volume.endswith(":ro")}
    spare = {mount.split(":")[0] for mount in part.get("tmpfs", [])}
    return {place.replace("/var/run/", "/run/") for place in kept | spare}


def the_servers_are_out_of_reach(engine: Engine) -> str:
    """No published port, no way out; and who is not on their network does not even know their names."""
    for name, part in parts().items():
        published = engine.podman("port", engine.container(name)).splitlines()
        asked = [port.rpartition(":") for port in part.get("ports", [])]
        assert published == [f"{inner}/tcp -> {outer}" for outer, _, inner in asked], name
    for name in SERVERS:
        assert "ports" not in parts()[name], name
        routes = [line.split()[1] for line in engine.inside(name, "cat /proc/net/route").splitlines()[1:]]
        assert routes, name
        assert "00000000" not in routes, f"{name} has a way out"
    assert engine.inside("prometheus", "getent hosts ledger")
    for name in SERVERS:
        assert not engine.inside("prometheus", f"getent hosts {name} || true"), f"prometheus knows {name}"
    return "valkey and postgres: no port, no way out, unknown to prometheus"


def prometheus_scrapes_all_three() -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        targets = httpx.get(f"{PROMETHEUS}/api/v1/targets", timeout=10).json()["data"]["activeTargets"]
        health = {target["labels"]["job"]: target["health"] for target in targets}
        asked = {"query": 'sum(hnb_committed_pounds{provision="special", financial_year="2025"})'}
        found = httpx.get(f"{PROMETHEUS}/api/v1/query", params=asked, timeout=10).json()["data"]["result"]
        if health == dict.fromkeys(("placements", "ledger", "alerts"), "up") and found:
            pence = round(float(found[0]["value"][1]) * 100)
            assert pence == COMMITTED_PENCE, f"Prometheus has {pence} pence"
            return "placements, ledger and alerts are up; special schools stand at £27,146.58"
        assert time.monotonic() < deadline, (health, found)
        time.sleep(1)


def finance_reads_its_views(engine: Engine) -> str:
    """As Grafana would: every PostgreSQL source it is given, from a container on Grafana's networks."""
    sources = read_yaml(DEPLOY / "grafana/provisioning/datasources/hnb.yaml")["datasources"]
    read: dict[str, int] = {}
    assert engine.inside("finance", "getent hosts prometheus"), "Grafana's networks lead to Prometheus no more"
    for source in (each for each in sources if "postgresql" in each["type"]):
        views = _psql(engine, source, "SELECT viewname FROM pg_views WHERE schemaname = 'finance'").split("\n")
        for view in filter(None, views):
            assert _psql(engine, source, f"SELECT count(*) FROM finance.{view}").isdigit(), view
        read[source["jsonData"]["database"]] = len(views) if views != [""] else 0
        assert "permission denied for table outbox" in _psql(engine, source, "SELECT * FROM public.outbox")
        assert "read-only transaction" in _psql(engine, source, "CREATE TABLE finance.of_mine (n int)")
    asked = "SELECT committed_pence FROM finance.positions WHERE provision = 'special' AND financial_year = 2025"
    ledger = next(each for each in sources if each["name"] == "HNB ledger")
    assert _psql(engine, ledger, asked) == str(COMMITTED_PENCE)
    return ", ".join(f"{n} views of {database}" for database, n in read.items()) + "; tables and writing refused"


def _psql(engine: Engine, source: dict[str, Any], asked: str) -> str:
    """What it answers, or says against it."""
    host, port = source["url"].split(":")
    to = f"host={host} port={port} user={source['user']} dbname={source['jsonData']['database']}"
    return engine.inside("finance", f'psql "{to}" --no-psqlrc -At -c "{asked}" 2>&1 || true').strip()


def _post(headers: dict[str, str]) -> httpx.Response:
    budget = {"financial_year": 2025, "line": "special", "amount_pence": 3_000_000}
    placement = {
        "placement_id": "PL-1042", "child_ref": CHILD, "setting_id": "SET-12", "provision": "special",
        "start_date": "2025-11-03", "end_date": None, "cost": {"amount_pence": 6_650_000, "per": "year"},
    }  # fmt: skip
    events = [
        {"specversion": "1.0", "id": name, "source": "/capita-one/leicester", "type": f"hnb.{name}.v1",
         "time": "2025-11-03T09:00:00Z", "authority": LEICESTER, "data": data}
        for name, data in (("budget-set", budget), ("placement-made", placement))
    ]  # fmt: skip
    batch = {"Content-Type": "application/cloudevents-batch+json"}
    return httpx.post(f"{DOOR}/events", json=events, headers=headers | batch, timeout=10)


def _first_mail(engine: Engine) -> EmailMessage:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (kept := engine.inside("mail", "cat /tmp/mail/new/* 2>/dev/null || true")):
        assert time.monotonic() < deadline, "no mail came"
        time.sleep(0.2)
    message = message_from_string(kept, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _field(status: str, name: str) -> str:
    found = re.search(rf"^{name}:\s*(.+)$", status, re.MULTILINE)
    assert found, name
    return found[1]
