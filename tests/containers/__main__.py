"""`make containers`: the images built and the stack of compose.yaml brought up under podman, looked at, taken down."""

import argparse
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from hnb_local.processes import is_free
from tests.containers import checks, stand_ins
from tests.containers.bring_up import bring_up, ends, parts, stop
from tests.containers.engine import COMPOSE, PROJECT, Engine, Failed
from tests.deploy.files import DEPLOY

FOLDER = Path("/var/tmp/hnb-containers")
SERVICES = ("placements", "ledger", "alerts")
PORTS = (8001, 8002, 8003, 9090)
PROGRAMS = ("podman", "runc", "debootstrap")
ABOUT = """\
Stand-ins, on Debian trixie: the base of the service images (its Python 3.13), Valkey and PostgreSQL (of the wheels),
Prometheus (Debian's). Left out: Grafana, which no package here has. Real: the three service images, built from
deploy/Dockerfile unchanged; compose.yaml, unchanged; the networks, limits, users and read-only file systems.
"""


def missing() -> str | None:
    """What keeps this from running here, and how to mend it."""
    if os.geteuid():
        return "this needs root: podman makes bridges, and debootstrap a Debian"
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"{', '.join(absent)}: not on PATH. On Debian: apt-get install {' '.join(PROGRAMS)}"
    if not COMPOSE.exists():
        return f"podman-compose is not in {COMPOSE.parent}: make containers puts it there"
    taken = [str(port) for port in PORTS if not is_free(port)]
    return f"compose.yaml's ports are taken: {', '.join(taken)}" if taken else None


def timed(what: str, act: Callable[[], str | None]) -> None:
    """Do it, and say how long it took and what it saw."""
    started = time.monotonic()
    seen = act()
    print(f"{time.monotonic() - started:7.1f} s  {what}{': ' + seen if seen else ''}", flush=True)


def run(engine: Engine) -> None:
    token = make_secrets(engine)  # without which compose.yaml is not even read
    timed("stand-ins made", lambda: stand_ins.make(engine))
    timed("service images built", lambda: build(engine))
    timed("stack brought up", lambda: ", ".join(f"{name} {took:.1f} s" for name, took in bring_up(engine).items()))
    timed("an event becomes an alert", lambda: checks.an_event_becomes_an_alert(engine, token))
    timed("every container is locked", lambda: checks.every_container_is_locked(engine))
    timed("the servers are out of reach", lambda: checks.the_servers_are_out_of_reach(engine))
    timed("Prometheus scrapes", lambda: checks.prometheus_scrapes_all_three())
    timed("finance reads", lambda: checks.finance_reads_its_views(engine))
    timed("memory in use", lambda: memory(engine))
    timed("everything stops by itself", lambda: stopped(engine))


def build(engine: Engine) -> str:
    stand_ins.tell_pip(engine)
    engine.compose("build", *SERVICES)
    sizes = [engine.podman("images", "--format={{.Size}}", parts()[name]["image"]).strip() for name in SERVICES]
    return ", ".join(f"{name} {size}" for name, size in zip(SERVICES, sizes, strict=True))


def make_secrets(engine: Engine) -> str:
    """.env as `make up` makes it, with one line of ours; the token for a case system."""
    subprocess.run(["sh", str(DEPLOY / "env"), str(engine.secrets)], check=True, capture_output=True)
    with engine.secrets.open("a") as file:
        file.write(f"HNB_ALERT_URLS='{checks.alert_urls()}'\n")
    made = dict(line.split("=", 1) for line in engine.secrets.read_text().splitlines())
    return made["HNB_TOKEN"]


def memory(engine: Engine) -> str:
    names = [name for name, part in parts().items() if not ends(part)]
    containers = [engine.container(name) for name in names]
    used = engine.podman("stats", "--no-stream", "--format={{.Name}} {{.MemUsage}}", *containers).strip()
    return used.replace(f"{PROJECT}_", "").replace("_1 ", " ").replace("\n", ", ")


def stopped(engine: Engine) -> str:
    ended = stop(engine)
    assert not any(ended.values()), f"not all ended well: {ended}"
    return f"{len(ended)} parts ended with status 0, within their grace"


def leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make containers", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep the images for the next run (about 2 GB)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"where podman keeps all of it ({FOLDER})")
    asked = parser.parse_args()
    if reason := missing():
        sys.exit(f"make containers: {reason}")
    signal.signal(signal.SIGTERM, leave)
    print(ABOUT)
    asked.folder.mkdir(parents=True, exist_ok=True)
    with Path(f"{asked.folder}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(f"make containers: another one is at work in {asked.folder}")
        engine = Engine(asked.folder)
        engine.take_down()  # what one that was killed left
        try:
            run(engine)
        except (Failed, AssertionError, subprocess.CalledProcessError) as error:
            sys.exit(f"make containers failed: {error}")
        finally:
            timed("taken down", engine.take_down if asked.keep else engine.forget)


if __name__ == "__main__":
    main()
