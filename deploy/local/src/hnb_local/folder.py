"""The data folder of one installation: who holds it, its secrets, its logs and the processes started for it."""

import fcntl
import json
import os
import secrets
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import psutil

from hnb_local.errors import WRONG_USE, CommandFailed

SERVICES = ("placements", "ledger", "alerts")
ADDRESSES_FILE = "addresses.json"
LEFTOVER_SECONDS = 25  # a service drains for at most 20 s; after this a leftover is killed
_OPENING_DATA = ("postgres", *SERVICES)
_READER = "finance"
_OF_BROKER = {"admin": "valkey", **{service: f"valkey-{service}" for service in SERVICES}}

Say = Callable[[str], None]


class DataFolder:
    """A folder that one `hnb` at a time holds, from entering the context to leaving it."""

    def __init__(self, path: Path, say: Say) -> None:
        self.path = path.expanduser().resolve()
        self.say = say
        self._lock: IO[str] | None = None
        self._started: dict[str, tuple[int, float]] = {}

    def __enter__(self) -> "DataFolder":
        try:
            # Root's folder is passable because PostgreSQL runs as another user in it; nothing in it is readable.
            self.path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            self._refuse_foreign()
            self._take_lock()
            for name in ("valkey", "logs"):
                (self.path / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise CommandFailed(f"The data folder {self.path} cannot be used: {error.strerror}.", WRONG_USE) from None
        try:
            self._end_leftovers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self.addresses.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    @property
    def addresses(self) -> Path:
        """Where the other `hnb` commands find the services: their URLs, and no secret."""
        return self.path / ADDRESSES_FILE

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def secrets(self) -> Mapping[str, str]:
        """The generated passwords, by role; made once, and lost only with the data they open."""
        file = self.path / "secrets.json"
        try:
            known: dict[str, str] = json.loads(file.read_text())
        except FileNotFoundError:
            known = {}
        except ValueError:
            raise CommandFailed(f"{file} is not readable as JSON; the data cannot be opened without it.") from None
        lost = [name for name in _OPENING_DATA if name not in known]
        if lost and (self.path / "postgres" / "data").exists():
            raise CommandFailed(f"{file} lacks {', '.join(lost)}; the data cannot be opened without it.")
        missing = [name for name in (*_OPENING_DATA, _READER, *_OF_BROKER.values()) if name not in known]
        if missing:
            known |= {name: secrets.token_urlsafe(24) for name in missing}
            write_privately(file, json.dumps(known, indent=1))
        return known

    def broker_passwords(self) -> Mapping[str, str]:
        """The broker's generated passwords, by user. Each start tells the broker anew, so they are in no data."""
        known = self.secrets()
        return {user: known[name] for user, name in _OF_BROKER.items()}

    def remember(self, name: str, pid: int) -> None:
        """Keeps who was started, so that the next start can end what a killed supervisor left."""
        self._started[name] = (pid, psutil.Process(pid).create_time())
        write_privately(self.path / "processes.json", json.dumps(self._started))

    def _refuse_foreign(self) -> None:
        file = self.path / "secrets.json"
        if file.exists() and file.stat().st_uid != os.geteuid():
            raise CommandFailed(f"The data folder {self.path} belongs to another user.", WRONG_USE)

    def _take_lock(self) -> None:
        file = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        lock = os.fdopen(file, "r+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = lock.read(20).strip() or "unknown"
            lock.close()
            message = f"The data folder {self.path} is in use by another hnb (process {holder})."
            raise CommandFailed(message, WRONG_USE) from None
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _end_leftovers(self) -> None:
        """Ends what a supervisor that was killed left running: nobody else may, since we hold the lock."""
        try:
            started: dict[str, tuple[int, float]] = json.loads((self.path / "processes.json").read_text())
        except (FileNotFoundError, ValueError):
            return
        # Services first: a server that ends under them would only make them complain.
        for names in (set(started) & set(SERVICES), set(started) - set(SERVICES)):
            found = [(name, _same_process(*started[name])) for name in sorted(names)]
            alive = {name: process for name, process in found if process is not None}
            for name, process in alive.items():
                self.say(f"Ending {name} (process {process.pid}), left by an earlier hnb that was killed.")
                # For PostgreSQL the interrupt is the fast shutdown; its terminate would wait for every client.
                process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            _, stubborn = psutil.wait_procs(list(alive.values()), timeout=LEFTOVER_SECONDS)
            for process in stubborn:
                process.kill()
            psutil.wait_procs(stubborn, timeout=LEFTOVER_SECONDS)


def _same_process(pid: int, created: float) -> psutil.Process | None:
    """The living process of this id, if it is the very one that was started then and not a later one."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def write_privately(file: Path, text: str) -> None:
    """Writes a file whole or not at all, readable by its owner only."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
