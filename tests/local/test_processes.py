"""The data folder and the processes started in it: held by one, ended in order, healed with patience."""

import json
import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from hnb_local.account import Account, let_pass, let_read
from hnb_local.broker_users import ADMIN
from hnb_local.errors import CommandFailed
from hnb_local.folder import SERVICES, DataFolder
from hnb_local.processes import Child
from hnb_local.supervisor import Supervisor
from hnb_local.valkey import start_valkey

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def folder(tmp_path: Path, said: list[str]) -> Iterator[DataFolder]:
    with DataFolder(tmp_path / "data", said.append) as held:
        yield held


def child(folder: DataFolder, program: str, grace_seconds: float = 5) -> Child:
    argv = [sys.executable, "-c", program]
    return Child(folder, "ledger", argv, environment=dict(os.environ), grace_seconds=grace_seconds)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_secrets_are_made_once_and_readable_by_their_owner_only(folder: DataFolder) -> None:
    first = folder.secrets()
    assert folder.secrets() == first
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE((folder.path / "secrets.json").stat().st_mode) == 0o600


def test_lost_secrets_are_said_and_not_made_anew_over_existing_data(folder: DataFolder) -> None:
    (folder.path / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(CommandFailed, match=r"secrets\.json lacks"):
        folder.secrets()


def test_what_a_killed_supervisor_left_is_ended_by_the_next_start(tmp_path: Path, said: list[str]) -> None:
    with DataFolder(tmp_path, said.append) as first:
        left = child(first, "import time; time.sleep(600)")
        left.start()
    with DataFolder(tmp_path, said.append):
        assert left.exit_status() is not None
    assert said == [f"Ending ledger (process {left.pid}), left by an earlier hnb that was killed."]


def test_a_process_that_only_has_the_number_of_ours_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    with DataFolder(tmp_path / "other", said.append) as other:
        stranger = child(other, "import time; time.sleep(600)")
        stranger.start()
        started = psutil.Process(stranger.pid).create_time()
        (tmp_path / "processes.json").write_text(json.dumps({"ledger": [stranger.pid, started - 60]}))
        with DataFolder(tmp_path, said.append):
            assert stranger.exit_status() is None
        stranger.stop()
    assert said == []


def test_who_does_not_end_when_asked_is_killed_after_its_grace(folder: DataFolder, said: list[str]) -> None:
    deaf = child(folder, DEAF, grace_seconds=0.2)
    deaf.start()
    until(lambda: deaf.tail() == ["deaf"])
    deaf.stop()
    assert deaf.exit_status() == -9
    assert said == ["ledger did not end within 0 s; killing it."]


def test_who_keeps_dying_is_started_ever_more_patiently(folder: DataFolder, said: list[str]) -> None:
    dying = child(folder, "import sys; sys.exit('the disk is full')")
    dying.start()
    supervisor = Supervisor(said.append)
    supervisor.watch([dying])
    until(lambda: len(said) >= 3)
    supervisor.hold()
    supervisor.release()
    died = "ledger ended with status 1 (the disk is full); starting it again in"
    assert said[:3] == [f"{died} 0.2 s.", f"{died} 0.4 s.", f"{died} 0.8 s."]


def test_who_is_killed_after_it_ran_is_started_at_once_every_time(
    folder: DataFolder, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hnb_local.supervisor.STEADY_SECONDS", 0.3)
    steady = child(folder, "import time; time.sleep(60)")
    steady.start()
    supervisor = Supervisor(said.append)
    supervisor.watch([steady])
    for death in range(3):
        until(lambda: steady.exit_status() is None)
        time.sleep(0.4)
        os.kill(steady.pid, signal.SIGKILL)
        until(lambda: len(said) > death)  # noqa: B023 - awaited inside the loop
        until(lambda: steady.exit_status() is None)
    supervisor.hold()
    supervisor.release()
    steady.stop()
    assert said == ["ledger was ended by SIGKILL; starting it again in 0.2 s."] * 3


PASSWORDS = dict.fromkeys((ADMIN, *SERVICES), "secret")


def start_over(folder: DataFolder, spoil: Callable[[Path], object]) -> int:
    """How many of ten events Valkey still has when it comes up over files that were spoilt."""
    valkey, urls = start_valkey(folder, PASSWORDS, durable=True)
    with redis.Redis.from_url(urls[ADMIN]) as client:
        client.xadd("position", {"event": "in the snapshot"})
        client.bgrewriteaof()
        until(lambda: not client.info("persistence")["aof_rewrite_in_progress"])
        for number in range(9):
            client.xadd("position", {"event": f"after the snapshot, {number}"})
    valkey.stop()
    spoil(folder.path / "valkey" / "appendonlydir")
    valkey, urls = start_valkey(folder, PASSWORDS, durable=True)
    with redis.Redis.from_url(urls[ADMIN]) as client:
        kept = int(client.xlen("position"))
    valkey.stop()
    return kept


def cut_out(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 3] + whole[len(whole) // 3 + 7 :])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda files: cut_out(next(files.glob("*.incr.aof"))),
        lambda files: cut_out(next(files.glob("*.rdb"))),
        lambda files: cut_out(next(files.glob("*.manifest"))),
        lambda files: next(files.glob("*.incr.aof")).unlink(),
        lambda files: next(files.glob("*.rdb")).unlink(),
    ],
    ids=["commands", "snapshot", "manifest", "no commands", "no snapshot"],
)
def test_damaged_files_of_the_broker_are_set_aside_and_it_starts_empty(
    folder: DataFolder, said: list[str], spoil: Callable[[Path], object]
) -> None:
    assert start_over(folder, spoil) == 0
    assert (folder.path / "valkey" / "appendonlydir.damaged").is_dir()
    assert [words for words in said if words.startswith("Valkey's files are damaged.")]


def test_files_of_the_broker_that_end_too_early_are_read_as_far_as_they_go(folder: DataFolder, said: list[str]) -> None:
    def cut_off(files: Path) -> None:
        last = next(files.glob("*.incr.aof"))
        os.truncate(last, last.stat().st_size - 3)

    assert start_over(folder, cut_off) == 9
    assert said == []


def test_an_account_is_let_through_and_given_no_more_than_that(tmp_path: Path) -> None:
    stranger = Account("stranger", uid=60_001, gid=60_001)
    private, tree = tmp_path / "private", tmp_path / "private" / "tree"
    tree.mkdir(parents=True)
    private.chmod(0o700)
    program, text = tree / "program", tree / "text"
    for file, mode in ((program, 0o700), (text, 0o600)):
        file.touch()
        file.chmod(mode)
    assert private in let_pass(stranger, tree)
    assert stat.S_IMODE(private.stat().st_mode) == 0o701
    assert let_read(stranger, tree)
    assert [stat.S_IMODE(file.stat().st_mode) for file in (program, text)] == [0o705, 0o604]
    assert not let_pass(stranger, tree)
    assert not let_read(stranger, tree)
