"""The stack of compose.yaml brought up in its own order: each part once what it waits for is healthy, or done.

podman-compose makes the containers. It leaves the waiting out with the podman of Debian 12, and podman looks after
health only where systemd runs; so here the order is read from compose.yaml and each health check asked for by name.
"""

import time
from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import Any

from tests.containers.engine import Engine, Failed
from tests.deploy.files import compose

LEFT_OUT = ("grafana",)
BESIDE = ("mail", "finance")
PATIENCE_SECONDS = 90.0


def parts() -> dict[str, Any]:
    """compose.yaml's services, without those that nothing can stand in for."""
    return {name: part for name, part in compose()["services"].items() if name not in LEFT_OUT}


def ends(part: Mapping[str, Any]) -> bool:
    """Whether a part does its work and ends, as what makes the tables does."""
    return bool(part["restart"] == "no")


def bring_up(engine: Engine) -> dict[str, float]:
    """Seconds until each part was healthy, or had ended well."""
    everything, took = parts(), {}
    engine.compose("up", "--detach", "--no-deps", "--no-build", *BESIDE)
    waiting = TopologicalSorter({name: part.get("depends_on", {}) for name, part in everything.items()})
    waiting.prepare()
    while waiting.is_active():
        names = waiting.get_ready()
        started = time.monotonic()
        engine.compose("up", "--detach", "--no-deps", "--no-build", *names)
        for name in names:
            _wait(engine, name, done=ends(everything[name]), deadline=started + PATIENCE_SECONDS)
            took[name] = time.monotonic() - started
        waiting.done(*names)
    return took


def stop(engine: Engine) -> dict[str, int]:
    """Stop what runs, with the patience compose.yaml grants, what others wait for last; the status each ended with."""
    running = {name: part for name, part in parts().items() if not ends(part)}
    order = TopologicalSorter({name: running.keys() & part.get("depends_on", {}) for name, part in running.items()})
    for name in reversed(list(order.static_order())):
        grace = str(running[name].get("stop_grace_period", "10s")).removesuffix("s")
        engine.podman("stop", "--time", grace, engine.container(name))
    return {
        name: int(engine.podman("inspect", "--format={{.State.ExitCode}}", engine.container(name))) for name in running
    }


def _wait(engine: Engine, name: str, *, done: bool, deadline: float) -> None:
    container = engine.container(name)
    while True:
        state, status = engine.podman("inspect", "--format={{.State.Status}} {{.State.ExitCode}}", container).split()
        if done and state == "exited" and status == "0":
            return
        if not done and state == "running" and engine.tried("healthcheck", "run", container):
            return
        if time.monotonic() > deadline or (state == "exited" and status != "0"):
            raise Failed(f"{name} is {state} (status {status}), not healthy or done:\n{engine.log(name)[-3_000:]}")
        time.sleep(0.3)
