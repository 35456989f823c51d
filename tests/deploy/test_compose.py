"""compose.yaml starts what it should, in order, and leaves nothing open that need not be."""

import re
from graphlib import TopologicalSorter
from typing import Any

import pytest

from tests.deploy.files import DEPLOY, ROOT, compose, read_yaml

SERVICES = ("placements", "ledger", "alerts")
SERVERS = ("valkey", "postgres")
WATCHERS = ("prometheus", "grafana")
TABLES = tuple(f"{name}-tables" for name in SERVICES)  # each makes a service's tables, and ends
EVERYTHING = (*SERVERS, *TABLES, *SERVICES, *WATCHERS)
PORTS = {"placements": 8001, "ledger": 8002, "alerts": 8003, "prometheus": 9090, "grafana": 3000}
KEPT = {
    "valkey": "/data", "postgres": "/var/lib/postgresql", "prometheus": "/prometheus", "grafana": "/var/lib/grafana",
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return compose()


@pytest.fixture(scope="module")
def parts(document: dict[str, Any]) -> dict[str, Any]:
    parts: dict[str, Any] = document["services"]
    return parts


def databases_sql() -> str:
    return (DEPLOY / "postgres/databases.sql").read_text()


def test_the_stack_is_three_services_their_servers_and_what_watches_them(parts: dict[str, Any]) -> None:
    assert set(parts) == set(EVERYTHING)


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_container_is_hardened(parts: dict[str, Any], name: str) -> None:
    part = parts[name]
    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    assert "cap_add" not in part
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in part
    assert part["mem_limit"]
    assert part["pids_limit"]
    assert part["restart"] == ("no" if name in TABLES else "unless-stopped")
    assert part["logging"]["options"]["max-size"], "a log without a limit fills the disk"


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_container_does_not_run_as_root(parts: dict[str, Any], name: str) -> None:
    assert not re.match(r"(root|0)(:|$)", parts[name]["user"])


@pytest.mark.parametrize("name", EVERYTHING)
def test_an_image_is_pinned_to_a_release(parts: dict[str, Any], name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+$|:\d+\.\d+(\.\d+)?-alpine$", parts[name]["image"])


@pytest.mark.parametrize("name", EVERYTHING)
def test_only_http_doors_are_published_and_only_on_this_machine(parts: dict[str, Any], name: str) -> None:
    port = PORTS.get(name)
    assert parts[name].get("ports", []) == ([f"127.0.0.1:{port}:{port}"] if port else [])


def test_the_broker_and_the_database_are_on_a_network_of_their_own(document: dict[str, Any]) -> None:
    parts = document["services"]
    assert document["networks"]["data"]["internal"] is True
    on_data = {name for name, part in parts.items() if "data" in part["networks"]}
    assert on_data == {*SERVERS, *TABLES, *SERVICES, "grafana"}  # which reads the views made for finance
    assert all(parts[name]["networks"] == ["data"] for name in (*SERVERS, *TABLES))
    assert not any("network_mode" in part for part in parts.values())


def test_each_part_waits_until_what_it_needs_is_healthy(parts: dict[str, Any]) -> None:
    healthy = {"condition": "service_healthy"}
    for name in SERVICES:
        done = {f"{name}-tables": {"condition": "service_completed_successfully"}}
        assert parts[name]["depends_on"] == dict.fromkeys(SERVERS, healthy) | done
        assert parts[f"{name}-tables"]["depends_on"] == {"postgres": healthy}
    assert parts["prometheus"]["depends_on"] == dict.fromkeys(SERVICES, healthy)
    assert parts["grafana"]["depends_on"] == {"prometheus": healthy, "postgres": healthy}


def test_every_part_has_a_health_check(parts: dict[str, Any]) -> None:
    for name in (*SERVERS, *WATCHERS):
        assert parts[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    for name in SERVICES:  # in the image: whoever runs it without Compose has it too
        assert "healthcheck" not in parts[name]
    assert re.search(r"^HEALTHCHECK .*CMD \[", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)


def test_what_must_last_is_in_a_named_volume(document: dict[str, Any]) -> None:
    assert set(document["volumes"]) == set(KEPT)
    for name, place in KEPT.items():
        assert f"{name}:{place}" in document["services"][name]["volumes"]


def test_every_file_mounted_from_here_exists_and_is_mounted_read_only(parts: dict[str, Any]) -> None:
    mounted = [volume for part in parts.values() for volume in part.get("volumes", []) if volume.startswith(".")]
    assert mounted
    for volume in mounted:
        assert volume.endswith(":ro")
        assert (ROOT / volume.split(":")[0]).exists()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_built_here_and_speaks_to_its_own_database(parts: dict[str, Any], name: str) -> None:
    part = parts[name]
    assert part["build"] == {"context": ".", "dockerfile": "deploy/Dockerfile", "args": {"SERVICE": name}}
    assert part["pull_policy"] == "build", "an image of this name on a public registry would not be ours"
    url = part["environment"]["HNB_DATABASE_URL"]
    assert url.startswith(f"postgresql://{name}:${{{name.upper()}_PASSWORD:?")
    assert url.endswith(f"@postgres:5432/{name}")
    assert part["environment"]["HNB_BROKER_URL"].startswith(f"redis://{name}:${{{name.upper()}_VALKEY_PASSWORD:?")
    assert "HNB_TOKENS" in part["environment"]


@pytest.mark.parametrize("name", SERVICES)
def test_the_password_of_a_services_owner_is_where_tables_are_made_and_nowhere_else(
    parts: dict[str, Any], name: str
) -> None:
    secret = f"{name.upper()}_OWNER_PASSWORD"
    told = {part for part, definition in parts.items() if secret in str(definition.get("environment", ""))}
    assert told == {"postgres", f"{name}-tables"}
    tables = parts[f"{name}-tables"]
    assert tables["image"] == parts[name]["image"]
    assert tables["command"] == ["python", "-P", "-m", name, "migrate"]
    assert set(tables["environment"]) == {"HNB_DATABASE_URL"}


def test_grafana_reads_as_finance_what_databases_sql_lets_finance_read(parts: dict[str, Any]) -> None:
    sources = read_yaml(DEPLOY / "grafana/provisioning/datasources/hnb.yaml")["datasources"]
    tables = [source for source in sources if "postgresql" in source["type"]]
    granted = re.findall(r"^GRANT CONNECT ON DATABASE (\w+) TO .*\bfinance;$", databases_sql(), re.MULTILINE)
    assert sorted(source["jsonData"]["database"] for source in tables) == sorted(granted) == sorted(SERVICES)
    for source in tables:
        host, port = source["url"].split(":")
        assert set(parts[host]["networks"]) <= set(parts["grafana"]["networks"])
        assert (port, source["user"]) == ("5432", "finance")
        assert source["secureJsonData"] == {"password": "$FINANCE_PASSWORD"}
        assert source["editable"] is False


def test_the_password_of_finance_is_where_it_is_set_and_where_it_is_used(parts: dict[str, Any]) -> None:
    told = {name for name, part in parts.items() if "FINANCE_PASSWORD" in str(part.get("environment", ""))}
    assert told == {"postgres", "grafana"}
    assert "ALTER ROLE finance SET default_transaction_read_only = on;" in databases_sql()


def test_databases_sql_sets_every_password_it_is_told_and_no_other(parts: dict[str, Any]) -> None:
    asked = set(re.findall(r"^\\getenv (\w+) (\w+)$", databases_sql(), re.MULTILINE))
    told = {name for name in parts["postgres"]["environment"] if name.endswith("_PASSWORD")} - {"POSTGRES_PASSWORD"}
    assert {name for _, name in asked} == told
    assert {variable for variable, _ in asked} == set(re.findall(r"PASSWORD :'(\w+)';", databases_sql()))


def test_the_limits_of_memory_add_up_to_what_the_documents_say(parts: dict[str, Any]) -> None:
    units = {"m": 1, "g": 1024}
    limits = [
        int(part["mem_limit"][:-1]) * units[part["mem_limit"][-1]] for name, part in parts.items() if name not in TABLES
    ]
    (said,) = re.findall(r"the limits add up to (\d+) GB", (ROOT / "docs/deployment.md").read_text())
    assert round(sum(limits) / 1024) == int(said)


def test_no_part_waits_for_one_that_waits_for_it(parts: dict[str, Any]) -> None:
    TopologicalSorter({name: part.get("depends_on", {}) for name, part in parts.items()}).prepare()


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text()
    secret = r"\w*(?:PASSWORD|SECRET|TOKENS?)\w*"
    assert re.findall(rf"\$\{{{secret}:\?", text)
    # One that comes from elsewhere may be left out (`:-}`): without it, what it opens stays shut.
    assert not re.findall(rf"\$\{{{secret}(?!:\?)\}}|\$\{{{secret}:?-(?!\}})", text)
    assert not re.search(r"(?im)^\s*\w*(password|secret|token)\w*:\s*(?!\$\{)\S", text)


def test_the_broker_keeps_what_it_acknowledges_and_refuses_rather_than_forgets() -> None:
    lines = (DEPLOY / "valkey/valkey.conf").read_text().splitlines()
    settings = dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"
    assert settings["maxmemory-policy"] == "noeviction"
    assert "requirepass" not in settings
