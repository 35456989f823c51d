"""Prometheus scrapes the three services where compose.yaml puts them."""

import shutil
import subprocess

import pytest

from tests.deploy.files import DEPLOY, compose, read_yaml

CONFIG = DEPLOY / "prometheus/prometheus.yml"


def test_each_service_is_scraped_where_it_listens() -> None:
    jobs = {
        job["job_name"]: [target for static in job["static_configs"] for target in static["targets"]]
        for job in read_yaml(CONFIG)["scrape_configs"]
    }
    parts = compose()["services"]
    ports = {name: parts[name]["ports"][0].rsplit(":", 1)[1] for name in ("placements", "ledger", "alerts")}
    assert jobs == {name: [f"{name}:{port}"] for name, port in ports.items()}


def test_grafana_counts_rates_over_the_interval_that_is_scraped() -> None:
    sources = read_yaml(DEPLOY / "grafana/provisioning/datasources/hnb.yaml")["datasources"]
    assert sources[0]["url"] == "http://prometheus:9090"
    assert sources[0]["jsonData"]["timeInterval"] == read_yaml(CONFIG)["global"]["scrape_interval"]


def test_promtool_accepts_the_configuration() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH (Debian: apt install prometheus): the configuration was only read as YAML")
    done = subprocess.run([promtool, "check", "config", str(CONFIG)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
