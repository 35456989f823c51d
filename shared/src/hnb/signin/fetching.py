"""Asking the identity provider over HTTP: no redirects, and a limit on how long and how much."""

import time
from collections.abc import Mapping
from typing import Any

import orjson
import requests

CONNECT_SECONDS, READ_SECONDS, ALTOGETHER_SECONDS = 3.0, 5.0, 10.0
MOST_BYTES = 256 * 1024
_CHUNK = 16 * 1024


class Away(Exception):
    """The provider cannot be reached, or answers what no provider answers."""


def fetch(
    address: str, form: Mapping[str, str] | None = None, basic: tuple[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """The status and the JSON object of what an address answers, to a form where one is sent. Away where it is none."""
    deadline = time.monotonic() + ALTOGETHER_SECONDS
    try:
        with requests.request(
            "GET" if form is None else "POST", address, data=form, auth=basic, headers={"Accept": "application/json"},
            timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True,
        ) as answer:  # fmt: skip
            body = bytearray()
            for chunk in answer.iter_content(_CHUNK):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise Away(f"{address} answers with more than {MOST_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise Away(f"{address} takes longer than {ALTOGETHER_SECONDS:g} seconds")
            said = orjson.loads(body)
    except (requests.RequestException, OSError) as error:
        raise Away(f"{address}: {type(error).__name__}") from None
    except orjson.JSONDecodeError:
        raise Away(f"{address} answers {answer.status_code}, and no JSON") from None
    if not isinstance(said, dict):
        raise Away(f"{address} answers {answer.status_code}, and no JSON object")
    return answer.status_code, said
