"""Links in messages: signed, for one recipient and one alert, and good for a week; or to the inbox."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

GOOD_FOR = timedelta(days=7)
MAX_TOKEN = 2_000
INBOX = "/inbox"
_PURPOSE = b"hnb-alert-link.v1\n"  # the same secret used for anything else would sign nothing that is good here
_BETWEEN = "\n"


class BadLink(Exception):
    """A link that cannot be used: not made here, or out of its time. The text is for the person who followed it."""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads links to the page of an alert; without a secret they lead to the inbox, for who signs in."""

    root: str
    secret: bytes | None = field(repr=False)

    def link_for(self, alert_id: str, recipient: str, now: datetime) -> str:
        """The address of an alert's page for one recipient."""
        if not self.secret:
            return self.root + in_inbox(alert_id)
        page = f"{self.root}/alerts/{quote(alert_id, safe='')}/page"
        return f"{page}?token={make_token(self.secret, alert_id, recipient, now)}"

    def to_all_of(self, authority: str, rule: str) -> str:
        """The address of all alerts of one rule and authority that have not ended, in the inbox."""
        return f"{self.root}{INBOX}?{urlencode({'authority': authority, 'rule': rule})}"

    def recipient_of(self, token: str, alert_id: str, now: datetime) -> str:
        """For whom a token to this alert was made; BadLink where it is not ours, another's, or out of its time."""
        return read_token(self.secret or b"", token, alert_id, now)


def in_inbox(alert_id: str) -> str:
    """The path of an alert's page in the inbox."""
    return f"{INBOX}/alerts/{quote(alert_id, safe='')}"


def make_token(secret: bytes, alert_id: str, recipient: str, now: datetime) -> str:
    """What it is about, for whom and until when, and the HMAC-SHA256 over that."""
    until = int((now + GOOD_FOR).timestamp())
    said = _written(_BETWEEN.join((alert_id, str(until), recipient)).encode())
    return f"{said}.{_signed(secret, said)}"


def read_token(secret: bytes, token: str, alert_id: str, now: datetime) -> str:
    """The recipient a token names; BadLink where it cannot be used for this alert now."""
    said, _, signature = token.partition(".")
    wanted = _signed(secret, said)
    if len(token) > MAX_TOKEN or not secret or not hmac.compare_digest(signature.encode(), wanted.encode()):
        raise BadLink("This link is not complete, or was not made here.")
    try:
        about, until, recipient = base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)).decode().split(_BETWEEN, 2)
        ends = datetime.fromtimestamp(int(until), UTC)
    except (binascii.Error, ValueError, OverflowError):
        raise BadLink("This link is not complete, or was not made here.") from None
    if not hmac.compare_digest(about.encode(), alert_id.encode()):
        raise BadLink("This link is for another alert.")
    if now >= ends:
        raise BadLink("This link has expired. Links in messages are good for seven days.")
    return recipient


def _signed(secret: bytes, said: str) -> str:
    return _written(hmac.digest(secret, _PURPOSE + said.encode("utf-8", "surrogatepass"), hashlib.sha256))


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
