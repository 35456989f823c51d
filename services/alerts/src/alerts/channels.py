"""Channels to people: what is sent, what comes back, and whatever Apprise reaches; no secret in what is kept."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
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
class Letter:
    """One message on its way: `reference` stays the same however often it is tried."""

    reference: str
    subject: str
    text: str
    html: str | None = None
    severity: Severity | None = None  # None where all is well again, or the message is about many alerts
    facts: Mapping[str, object] = field(default_factory=dict)  # of the change, as the `alert` stream tells them


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a letter was not accepted, without a secret, and the seconds the other side asked to be left alone for."""

    error: str
    retry_after: float | None = None


class Channel(Protocol):
    """One recipient. `name` tells it from the others, can be shown, and stays when only the password changes."""

    @property
    def name(self) -> str: ...

    def send(self, letter: Letter) -> Failure | None:
        """Send now, blocking until the other side has answered; None when it was accepted, else why not."""
        ...

    def masked(self, text: str) -> str:
        """A text without anything secret of this channel, cut to a bearable length."""
        ...


def mask(text: str, secrets: Iterable[str]) -> str:
    """A text without these secrets, cut to a bearable length."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text[:MAX_ERROR]


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """Whatever Apprise reaches. It says whether, never why or when to come back, so a refusal just backs off."""

    name: str
    apprise: Apprise = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def send(self, letter: Letter) -> Failure | None:
        result = self.apprise.notify(
            title=letter.subject,
            body=letter.text,
            notify_type=_TYPES[letter.severity],
            body_format=NotifyFormat.TEXT,
            log_level=logging.DEBUG,
        )
        if result:
            return None
        said = [e.message for e in result.logs() if e.level in ("WARNING", "ERROR") or e.message.startswith(_DETAIL)]
        return Failure(self.masked("; ".join(said) or "the channel did not accept it"))

    def masked(self, text: str) -> str:
        return mask(text, self.secrets)


_TYPES = {None: NotifyType.SUCCESS, Severity.WARNING: NotifyType.WARNING, Severity.CRITICAL: NotifyType.FAILURE}


def open_channels(urls: str) -> dict[str, Channel]:
    """The channels of comma-separated Apprise URLs, by name; ValueError, naming which is wrong and no secret of it."""
    written = _BETWEEN.split(urls.strip(" \t\n,")) if urls.strip(" \t\n,") else []
    if len(written) > MOST_CHANNELS:
        raise ValueError(f"names {len(written)} recipients; at most {MOST_CHANNELS} are served")
    channels: dict[str, Channel] = {}
    names: Counter[str] = Counter()
    for number, url in enumerate(written, start=1):
        service = _read(url, f"number {number}, {_scheme(url)}")
        name = _name(service.url(privacy=True))
        names[name] += 1
        if names[name] > 1:
            name = f"{name} ({names[name]})"
        channels[name] = _channel(name, url, service)
    return channels


def open_channel(name: str, url: str) -> Channel:
    """One channel under a name of its own; ValueError, without any secret, where its URL is wrong."""
    return _channel(name, url, _read(url, _scheme(url)))


def _channel(name: str, url: str, service: Any) -> Channel:
    from alerts.mail import MailChannel  # mail is a channel too: it knows this module
    from alerts.webhooks import HookChannel, shape_of_hook

    secrets = secrets_of(url, name)
    if service.url(privacy=True).startswith(MAIL):
        return MailChannel.of(name, service, secrets)
    if shape := shape_of_hook(url):
        return HookChannel(name, url, shape, secrets)
    apprise = Apprise()
    apprise.add(service)
    return AppriseChannel(name, apprise, secrets)


def _read(url: str, place: str) -> Any:
    # What Apprise logs is ours to say: it would print recipients, and at debug level whole messages.
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    logging.getLogger("apprise").propagate = False
    service: Any = Apprise.instantiate(url)
    if service is None:
        raise ValueError(f"holds something that is no complete Apprise URL ({place})")
    if len(service) > 1:
        # One failed recipient of several would have the others told again at every retry.
        raise ValueError(f"holds a URL with {len(service)} recipients ({place}); write one URL for each")
    return service


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


def secrets_of(url: str, name: str) -> tuple[str, ...]:
    """Every piece of the URL that the name does not show, longest first, as written and as decoded."""
    pieces = {piece for text in (url, unquote(url)) for piece in re.split(r"[/:@?&=,;#\s]+", text)}
    return tuple(sorted((p for p in pieces if len(p) >= 4 and p not in name), key=len, reverse=True))
