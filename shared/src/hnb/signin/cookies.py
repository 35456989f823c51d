"""What a browser keeps between two requests: signed, so that it can be read and not made or changed."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe

import orjson

from hnb.signin.people import Grant, grants_of

SESSION_HOURS = 8  # a working day; counted from signing in, however busy the person is
SIGNING_IN_MINUTES = 10
MOST_BYTES = 3_800  # browsers keep 4,096, name and attributes included
_SEPARATE = b"hnb-signin.v1"  # the same secret used for anything else signs nothing that is good here


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in: who, what for, until when. Nothing about a child, and no token."""

    id: str
    subject: str
    name: str
    grants: frozenset[Grant]
    until: datetime


@dataclass(frozen=True, slots=True)
class Journey:
    """Somebody on the way to the provider and back: `secret` is what state, nonce and PKCE verifier are made of."""

    secret: str
    onward: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Seal:
    """Signs for one service, so that what one gives out is no good at another."""

    service: str
    key: bytes = field(repr=False)

    def derive(self, purpose: str, of: str) -> str:
        """A value that only this service can make of another: 256 bits, as 43 characters for an address."""
        said = b"\0".join((_SEPARATE, self.service.encode(), purpose.encode(), of.encode("utf-8", "surrogatepass")))
        return _written(hmac.digest(self.key, said, hashlib.sha256))

    def close(self, purpose: str, content: dict[str, object]) -> str:
        """Content as the value of a cookie."""
        said = _written(orjson.dumps(content))
        return f"{said}.{self.derive(purpose, said)}"

    def open(self, purpose: str, value: str) -> dict[str, object] | None:
        """The content of a cookie of ours; None where it was not made here, or for something else."""
        said, _, signature = value.partition(".")
        if len(value) > MOST_BYTES or not hmac.compare_digest(
            signature.encode("utf-8", "surrogatepass"), self.derive(purpose, said).encode()
        ):
            return None
        try:
            content = orjson.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
        except (binascii.Error, ValueError):
            return None
        return content if isinstance(content, dict) else None


def new_secret() -> str:
    """256 random bits."""
    return token_urlsafe(32)


def session_value(seal: Seal, session: Session) -> str:
    """A session as the value of its cookie."""
    return seal.close("session", {
        "id": session.id, "sub": session.subject, "name": session.name,
        "roles": [str(grant) for grant in sorted(session.grants)], "until": int(session.until.timestamp()),
    })  # fmt: skip


def read_session(seal: Seal, value: str, now: datetime) -> Session | None:
    """The session a cookie holds; None where it is not ours or is over."""
    match seal.open("session", value):
        case {"id": str(id), "sub": str(subject), "name": str(name), "roles": list(roles), "until": int(until)}:
            ends = datetime.fromtimestamp(until, now.tzinfo)
            return Session(id, subject, name, grants_of(roles), ends) if now < ends else None
    return None


def journey_value(seal: Seal, journey: Journey) -> str:
    """A journey as the value of its cookie."""
    return seal.close(
        "journey", {"secret": journey.secret, "onward": journey.onward, "until": int(journey.until.timestamp())}
    )


def read_journey(seal: Seal, value: str, now: datetime) -> Journey | None:
    """The journey a cookie holds; None where it is not ours or took too long."""
    match seal.open("journey", value):
        case {"secret": str(secret), "onward": str(onward), "until": int(until)}:
            ends = datetime.fromtimestamp(until, now.tzinfo)
            return Journey(secret, onward, ends) if now < ends else None
    return None


def cookie(name: str, value: str, lasting: timedelta, *, https: bool, path: str = "/") -> str:
    """A `Set-Cookie` line: out of reach of scripts, sent by our own pages and by links to them only."""
    secure = "; Secure" if https else ""
    return f"{name}={value}; Max-Age={int(lasting.total_seconds())}; Path={path}; HttpOnly; SameSite=Lax{secure}"


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
