"""Posting to HTTP receivers: signed as Standard Webhooks say, or as Slack and Teams take it; honouring Retry-After."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import orjson
import requests

from alerts.channels import Failure, Letter, mask

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 20.0
LONGEST_RETRY_AFTER = 3600.0
MAX_ANSWER = 2_000
SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret starts with is none
SECRET_BYTES = range(24, 65)
SLOW_DOWN = (429, 503)

Shape = Callable[[Letter], object]


def signing_key(secret: str) -> bytes:
    """The key of a `whsec_…` secret; ValueError, without the secret, where it is none."""
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"does not start with {SECRET_PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is not base64 after {SECRET_PREFIX}") from None
    if len(key) not in SECRET_BYTES:
        raise ValueError(f"holds {len(key)} bytes; Standard Webhooks ask for 24 to 64")
    return key


def signature(key: bytes, reference: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    signed = b".".join((reference.encode(), str(timestamp).encode(), body))
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds a Retry-After asks for, as seconds or an HTTP date, at most an hour; None where it says neither."""
    given = (header or "").strip()
    if given.isascii() and given.isdigit():
        return min(float(given[:10]), LONGEST_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(given)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def failure_of(status: int, headers: Mapping[str, str], said: str) -> Failure:
    """What an HTTP answer that accepts nothing means."""
    wait = retry_after(headers.get("Retry-After"), datetime.now(UTC)) if status in SLOW_DOWN else None
    return Failure(f"HTTP {status} {said}".strip(), wait)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Failure | None:
    """POST a JSON body; a redirect is no acceptance. Of the answer only so much is read as an operator would."""
    sent = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "hnb-alerts", **headers}
    try:
        with requests.post(
            url, data=body, headers=sent, timeout=(CONNECT_SECONDS, ANSWER_SECONDS), allow_redirects=False, stream=True
        ) as answer:
            if answer.ok and answer.status_code < 300:
                return None
            said = next(answer.iter_content(MAX_ANSWER), b"")
            return failure_of(answer.status_code, answer.headers, said.decode("utf-8", "replace"))
    except (requests.RequestException, OSError) as error:
        return Failure(f"{type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """A receiver of signed webhooks. `webhook-id` is the delivery's reference, so that it can drop a repeat."""

    name: str
    url: str = field(repr=False)
    key: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def send(self, letter: Letter) -> Failure | None:
        body = orjson.dumps(
            {
                "type": "hnb.alert-message.v1", "reference": letter.reference, "subject": letter.subject,
                "text": letter.text, **letter.facts,
            }
        )  # fmt: skip
        at = int(time.time())
        headers = {
            "webhook-id": letter.reference,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(self.key, letter.reference, at, body),
        }
        return _masked(post(self.url, body, headers), self)

    def masked(self, text: str) -> str:
        return mask(text, self.secrets)


@dataclass(frozen=True, slots=True)
class HookChannel:
    """An incoming webhook of Slack or Teams, by the address they show."""

    name: str
    url: str = field(repr=False)
    shape: Shape
    secrets: tuple[str, ...] = field(repr=False)

    def send(self, letter: Letter) -> Failure | None:
        return _masked(post(self.url, orjson.dumps(self.shape(letter)), {}), self)

    def masked(self, text: str) -> str:
        return mask(text, self.secrets)


def _masked(failure: Failure | None, channel: WebhookChannel | HookChannel) -> Failure | None:
    return Failure(channel.masked(failure.error), failure.retry_after) if failure else None


def shape_of_hook(url: str) -> Shape | None:
    """How the receiver of a plain https address wants a message: Slack's, or a Teams workflow's; None for others."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return None
    if host in ("hooks.slack.com", "hooks.slack-gov.com"):
        return slack
    if host.endswith((".logic.azure.com", ".api.powerplatform.com")):
        return teams
    return None


def slack(letter: Letter) -> object:
    """Plain text: figures and links stay what they are, and nothing in them can mention anybody."""
    escaped = letter.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {
        "text": letter.subject,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": letter.subject[:150]}},
            {"type": "section", "text": {"type": "mrkdwn", "text": f"```{escaped[:2_900]}```"}},
        ],
    }


def teams(letter: Letter) -> object:
    """An adaptive card: the subject as its heading, the text as it stands, one paragraph a block."""
    blocks = [
        {"type": "TextBlock", "text": _plain(paragraph), "wrap": True}
        for paragraph in letter.text.strip().split("\n\n")
    ]
    heading = {"type": "TextBlock", "text": letter.subject, "wrap": True, "size": "Medium", "weight": "Bolder",
               "style": "heading"}  # fmt: skip
    card = {"type": "AdaptiveCard", "version": "1.4", "lang": "en-GB", "body": [heading, *blocks]}
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _plain(paragraph: str) -> str:
    """Lines kept apart: a card reads Markdown, where one newline is none."""
    return "\n\n".join(" ".join(line.split()) for line in paragraph.splitlines())
