"""Drawing an outlook beside the service: in a process of its own that holds no password, one at a time, with an end."""

import os
import subprocess
import sys
from threading import Lock

from ledger.forecast.faults import BadInput
from ledger.outlook.__main__ import CANNOT, Asked
from ledger.outlook.result import Outlook

DRAWING_SECONDS = 120
WAITING_SECONDS = 5  # for another to be done; by then a council's nearly always is
_ONE_AT_A_TIME = Lock()


class Busy(Exception):
    """Another outlook is being drawn."""


class Failed(Exception):
    """The drawing ended without an outlook, and not because of its inputs."""


def draw(asked: Asked, *, patient: bool = False) -> Outlook:
    """The outlook. BadInput where the inputs do not allow one, Busy where others are being drawn for too long."""
    if not _ONE_AT_A_TIME.acquire(timeout=DRAWING_SECONDS if patient else WAITING_SECONDS):
        raise Busy
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ledger.outlook"],
            input=asked.model_dump_json(by_alias=True).encode(),
            capture_output=True,
            timeout=DRAWING_SECONDS,
            env={name: value for name, value in os.environ.items() if not name.startswith("HNB_")},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"no outlook within {DRAWING_SECONDS} seconds") from None
    finally:
        _ONE_AT_A_TIME.release()
    if done.returncode == CANNOT:
        raise BadInput(done.stderr.decode().splitlines())
    if done.returncode:
        raise Failed(done.stderr.decode()[-500:])
    return Outlook.model_validate_json(done.stdout)
