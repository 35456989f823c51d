"""Asking a running service: where it is, what it answers, and one sentence when it does not."""

import getpass
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from hnb_local.errors import COULD_NOT, WRONG_USE, CommandFailed
from hnb_local.folder import ADDRESSES_FILE

ANSWER_SECONDS = 30
UNAUTHORISED, NOT_FOUND, TOO_MANY, BUSY = 401, 404, 429, 503
TRIES = 8
LONGEST_WAIT_SECONDS = 60


def find_service(service: str, given_url: str | None, data_dir: Path) -> str:
    """The address given, or the one a running `hnb up` wrote into its data folder."""
    if given_url is not None:
        if not given_url.startswith(("http://", "https://")):
            raise CommandFailed(f"--{service}-url is not of the form http://host:port.", WRONG_USE)
        return given_url.rstrip("/")
    file = data_dir / ADDRESSES_FILE
    try:
        return str(json.loads(file.read_text())[service])
    except FileNotFoundError:
        message = f"Nothing is running on {data_dir}: start `hnb up` there, or give --{service}-url."
        raise CommandFailed(message) from None
    except (OSError, ValueError, KeyError):
        raise CommandFailed(f"{file} cannot be read: give --{service}-url instead.") from None


def ask(service: str, url: str, path: str, query: Mapping[str, str | int | Sequence[str] | None]) -> Any:
    """The JSON a service answers; its own words, as CommandFailed, when it refuses."""
    return exchange(service, url, path, query)


def exchange(
    service: str,
    url: str,
    path: str,
    query: Mapping[str, str | int | Sequence[str] | None],
    *,
    body: object = None,
    seconds: float = ANSWER_SECONDS,
    again_on: Sequence[int] = (TOO_MANY,),
) -> Any:
    """The JSON a service answers to a question or, with a body, to what is sent; CommandFailed when it refuses.

    Where its status is one of `again_on`, it is asked again after as long as it wants to be left alone.
    """
    given = {name: value for name, value in query.items() if value is not None}
    token = os.environ.get("HNB_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # What runs on this machine is never asked through a proxy.
    local = url.startswith(("http://127.", "http://localhost", "http://[::1]"))
    try:
        with httpx.Client(timeout=seconds, trust_env=not local) as client:
            method = "GET" if body is None else "POST"
            asked = client.build_request(method, url + path, params=given, headers=headers, json=body)
            answer = client.send(asked)
            for _ in range(TRIES):
                if answer.status_code not in again_on:
                    break
                time.sleep(wait_asked_for(answer))
                answer = client.send(asked)
            said = answer.json()
    except httpx.HTTPError as error:
        raise CommandFailed(f"The {service} service does not answer at {url}: {error}.") from None
    except (ValueError, httpx.InvalidURL):
        raise CommandFailed(f"What answers at {url} is not the {service} service.") from None
    if answer.is_success:
        return said
    reason = str(said.get("detail", answer.status_code)) if isinstance(said, dict) else str(answer.status_code)
    if answer.status_code == UNAUTHORISED:
        raise CommandFailed(f"The {service} service wants a good token in HNB_TOKEN: {reason.rstrip('.')}.")
    if answer.status_code == NOT_FOUND:
        raise CommandFailed(f"{reason[:1].upper()}{reason[1:].rstrip('.')}.")
    faults = [f"{one['field']}: {one['message']}" for one in said.get("errors") or []] if isinstance(said, dict) else []
    reason = "\n".join([reason, *(fault for fault in faults if fault not in reason)])
    wrong = answer.status_code in (400, 422)
    raise CommandFailed(f"The {service} service refuses: {reason.rstrip('.')}.", WRONG_USE if wrong else COULD_NOT)


def logged_in() -> str:
    """The name of whoever runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        raise CommandFailed("Nobody is logged in by name: say who, by the option for it.", WRONG_USE) from None


def wait_asked_for(answer: httpx.Response) -> float:
    """The seconds a service that is asked too fast wants to be left alone for."""
    asked = answer.headers.get("Retry-After", "")
    return min(int(asked), LONGEST_WAIT_SECONDS) if asked.isdecimal() else 1
