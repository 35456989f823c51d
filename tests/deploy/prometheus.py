"""A real Prometheus, with the configuration that is shipped, over services on ports of their own."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import yaml

from hnb_local.processes import die_with_parent, free_ports
from tests.deploy.files import DEPLOY, read_yaml
from tests.journeys.waiting import until

SCRAPED_EVERY = "1s"
PROGRAM = shutil.which("prometheus")


class Prometheus:
    """Up while in the context. `targets` are the addresses of each job of prometheus.yml."""

    def __init__(self, folder: Path, targets: Mapping[str, Sequence[str]]) -> None:
        self._folder, self._targets = folder, targets
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"

    def __enter__(self) -> Self:
        config = read_yaml(DEPLOY / "prometheus/prometheus.yml")
        config["global"] |= {"scrape_interval": SCRAPED_EVERY, "scrape_timeout": SCRAPED_EVERY}
        config["global"]["evaluation_interval"] = SCRAPED_EVERY
        config["rule_files"] = [str(DEPLOY / "prometheus" / name) for name in config.get("rule_files", ())]
        for job in config["scrape_configs"]:
            addresses = [urlsplit(url).netloc for url in self._targets[job["job_name"]]]
            job["static_configs"] = [{"targets": addresses}]
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        with (self._folder / "prometheus.log").open("wb") as out:
            self._process = subprocess.Popen(
                [str(PROGRAM), f"--config.file={self._folder}/prometheus.yml",
                 f"--storage.tsdb.path={self._folder}/data",
                 f"--web.listen-address={urlsplit(self.url).netloc}", "--enable-feature=exemplar-storage"],
                stdout=out, stderr=out, env={"PATH": os.defpath}, preexec_fn=die_with_parent(signal.SIGTERM),
            )  # fmt: skip
        until(self._ready)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    def query(self, promql: str) -> list[Any]:
        """The series there are now, each with its value."""
        return self._ask("query", {"query": promql})

    def query_range(self, promql: str, start: float, end: float, step: float = 1) -> list[Any]:
        """The series there were, each with its values."""
        return self._ask("query_range", {"query": promql, "start": start, "end": end, "step": step})

    def wait_for_scrapes(self, number: int) -> None:
        """Until every target was scraped that often more."""
        before = self._scrapes()
        until(lambda: all(count >= before.get(of, 0) + number for of, count in self._scrapes().items()))

    def _scrapes(self) -> dict[str, float]:
        found = self.query("count_over_time(up[1h])")
        return {str(each["metric"]): float(each["value"][1]) for each in found}

    def _ask(self, what: str, asked: Mapping[str, Any]) -> list[Any]:
        answer = httpx.post(f"{self.url}/api/v1/{what}", data=dict(asked), timeout=30)
        assert answer.status_code == 200, f"{asked}: {answer.text}"
        found: list[Any] = answer.json()["data"]["result"]
        return found

    def _ready(self) -> bool:
        assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()[-2_000:]
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False
