"""A container engine of the test's own: podman with images, volumes and networks in one folder, away from the user's.

There the stand-ins may bear the names of the real images: whoever else uses podman on this machine never meets them.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.deploy.files import ROOT

HERE = Path(__file__).parent
PROJECT = "hnb-containers"
COMPOSE = Path(sys.prefix) / "containers/bin/podman-compose"
PATIENCE_SECONDS = 600  # for one command; the longest one installs every dependency three times

# Limits a container may have anywhere, a machine included on which nobody may raise them.
CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""
STORAGE_CONF = """
[storage]
driver = "overlay"
graphroot = "{folder}/store"
runroot = "{folder}/run"
"""


class Failed(Exception):
    """A command ended badly; what it said is in the message."""


class Engine:
    """podman and podman-compose, over `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.secrets = folder, folder / ".env"
        self.build_arguments: list[str] = []
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        (folder / "containers.conf").write_text(CONTAINERS_CONF.format(folder=folder))
        (folder / "storage.conf").write_text(STORAGE_CONF.format(folder=folder))
        # What this shell has set must not take the place of what is in .env.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("HNB_", "COMPOSE_"))}
        self._environment = inherited | {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "BUILDAH_FORMAT": "docker",  # the other format has no HEALTHCHECK, and would drop the services'
            "DISABLE_HC_SYSTEMD": "true",  # health is asked for by who waits for it: there may be no systemd
        }
        store = self.podman("info", "--format={{.Store.GraphRoot}}").strip()
        # What is taken down below is everything there is: never in the user's own store.
        if store != str(folder / "store"):
            raise Failed(f"podman keeps its images in {store}, and not where it was told to")

    def podman(self, *arguments: str) -> str:
        """What it printed."""
        return self._run(["podman", *arguments])

    def tried(self, *arguments: str) -> bool:
        """Whether it ended well."""
        try:
            self.podman(*arguments)
        except Failed:
            return False
        return True

    def inside(self, name: str, script: str) -> str:
        """What a shell script prints that is run in a part's container, as its own user."""
        return self.podman("exec", self.container(name), "sh", "-c", script)

    def compose(self, *arguments: str) -> str:
        """podman-compose on compose.yaml, unchanged, and the two containers of beside.yaml."""
        options = ["--in-pod=false", f"--project-name={PROJECT}", f"--env-file={self.secrets}"]
        files = [f"--file={ROOT / 'compose.yaml'}", f"--file={HERE / 'beside.yaml'}"]
        # podman lets a read-only container write to /run, /tmp and /var/tmp unless it is told not to; Docker does not.
        strict = [
            "--podman-run-args=--read-only-tmpfs=false",
            f"--podman-build-args={shlex.join(self.build_arguments)}",
        ]
        return self._run([str(COMPOSE), *options, *files, *strict, *arguments])

    def log(self, name: str) -> str:
        """What a part said, on both streams."""
        return self._run(["sh", "-c", 'exec podman logs "$0" 2>&1', self.container(name)])

    def container(self, name: str) -> str:
        return f"{PROJECT}_{name}_1"

    def take_down(self) -> None:
        """No container, network or volume of the stack is left, nor its secrets."""
        self.tried("rm", "--all", "--force", "--time", "5")
        self.tried("volume", "rm", "--all", "--force")
        self.tried("network", "prune", "--force")
        self.secrets.unlink(missing_ok=True)

    def forget(self) -> None:
        """Nothing is left of it on this machine."""
        self.take_down()
        self.tried("rmi", "--all", "--force")
        overlay = self.folder / "store/overlay"
        if overlay.is_mount():
            subprocess.run(["umount", str(overlay)], check=True)
        shutil.rmtree(self.folder)

    def _run(self, command: Sequence[str]) -> str:
        done = subprocess.run(
            command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            said = (done.stdout + done.stderr)[-4_000:]
            raise Failed(f"{Path(command[0]).name} {' '.join(command[1:])[-200:]}: status {done.returncode}\n{said}")
        return done.stdout
