"""Channels to people, through Apprise: one URL per recipient, and no secret of it in anything that is kept or shown."""

import logging
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from apprise import Apprise, NotifyFormat, NotifyType

from alerts.domain.severity import Severity

MOST_CHANNELS = 50
MAX_ERROR = 500
HIDDEN = "****"
MAIL = ("mailto://", "mailtos://")
_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")  # a comma inside a URL does not end it
_DETAIL = ("Socket Exception", "Response Details")  # what Apprise says of a failure at debug level only


@dataclass(frozen=True, slots=True)
class Channel:
    """One recipient. `name` tells it from the others, can be shown, and stays when only the password changes."""

    name: str
    apprise: Apprise
    secrets: tuple[str, ...]

    def send(self, subject: str, body: str, severity: Severity | None) -> str | None:
        """Send now, blocking until the other side has answered; None when it was accepted, else why not."""
        result = self.apprise.notify(
            title=subject,
            body=body,
            notify_type=_TYPES[severity],
            body_format=NotifyFormat.TEXT,
            log_level=logging.DEBUG,
        )
        if result:
            return None
        said = [e.message for e in result.logs() if e.level in ("WARNING", "ERROR") or e.message.startswith(_DETAIL)]
        return self.masked("; ".join(said) or "the channel did not accept it")

    def masked(self, text: str) -> str:
        """A text without anything secret of this channel's URL, cut to a bearable length."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text[:MAX_ERROR]


_TYPES = {None: NotifyType.SUCCESS, Severity.WARNING: NotifyType.WARNING, Severity.CRITICAL: NotifyType.FAILURE}


def open_channels(urls: str) -> dict[str, Channel]:
    """The channels of comma-separated Apprise URLs, by name; ValueError, naming which is wrong and no secret of it."""
    # What Apprise logs is ours to say: it would print recipients, and at debug level whole messages.
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    logging.getLogger("apprise").propagate = False
    written = _BETWEEN.split(urls.strip(" \t\n,")) if urls.strip(" \t\n,") else []
    if len(written) > MOST_CHANNELS:
        raise ValueError(f"names {len(written)} recipients; at most {MOST_CHANNELS} are served")
    channels: dict[str, Channel] = {}
    names: Counter[str] = Counter()
    for number, url in enumerate(written, start=1):
        service: Any = Apprise.instantiate(url)
        if service is None:
            raise ValueError(f"holds something that is no complete Apprise URL (number {number}, {_scheme(url)})")
        if len(service) > 1:
            # One failed recipient of several would have the others told again at every retry.
            raise ValueError(f"holds a URL with {len(service)} recipients (number {number}); write one URL for each")
        shown = service.url(privacy=True)
        if shown.startswith(MAIL):
            service.request_rate_per_sec = 0  # Apprise waits 5.5 s between messages; our own relay needs no such mercy
        name = _name(shown)
        names[name] += 1
        if names[name] > 1:
            name = f"{name} ({names[name]})"
        apprise = Apprise()
        apprise.add(service)
        channels[name] = Channel(name, apprise, _secrets(url, name))
    return channels


def _scheme(url: str) -> str:
    scheme, found, _ = url.partition("://")
    return f"{scheme[:20]}://…" if found else "without a scheme"


def _name(shown: str) -> str:
    """A mail recipient by address and server; anything else by its server alone, for its path may be the secret."""
    parts = urlsplit(shown)
    server = parts.netloc.rpartition("@")[2]
    if shown.startswith(MAIL):
        return f"{unquote(parts.path).strip('/')} by {parts.scheme}://{server}"
    return f"{parts.scheme}://{server}"


def _secrets(url: str, name: str) -> tuple[str, ...]:
    """Every piece of the URL that the name does not show, longest first, as written and as decoded."""
    pieces = {piece for text in (url, unquote(url)) for piece in re.split(r"[/:@?&=,;#\s]+", text)}
    return tuple(sorted((p for p in pieces if len(p) >= 4 and p not in name), key=len, reverse=True))
