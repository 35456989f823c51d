"""One service's front desk: who a request comes from, and how the pages that keep somebody out look."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from hnb.pages import HEADERS
from hnb.pages import Pages as Look
from hnb.settings import ServiceSettings
from hnb.signin.cookies import SESSION_HOURS, Seal, Session, cookie, new_secret, read_session, session_value
from hnb.signin.people import Grant
from hnb.signin.words import NOT_SET_UP, SIGN_IN, Said


class Desk:
    """What the guard and the routes of signing in share."""

    def __init__(self, service: str, settings: ServiceSettings, look: Look, now: Callable[[], datetime]) -> None:
        self.service, self.settings, self.look, self.now = service, settings, look, now
        self.root = (settings.public_url or "").rstrip("/")
        self.https = self.root.startswith("https://")
        key = settings.session_secret.get_secret_value() if settings.session_secret else new_secret()
        self.seal = Seal(service, key.encode())
        self._prefix = "__Host-" if self.https else ""

    @property
    def signs_in(self) -> bool:
        """Whether people sign in here."""
        return self.settings.oidc_issuer is not None

    @property
    def open(self) -> bool:
        """Whether nobody is asked for anything, which is so on loopback only."""
        return not self.signs_in and not self.settings.guarded

    def cookie_name(self, purpose: str) -> str:
        """The name of a cookie. It holds the service: ports of one host share its cookies."""
        return f"{self._prefix}hnb-{self.service}-{purpose}"

    def session(self, request: Request) -> Session | None:
        """Who is signed in; None where nobody is, or not any more."""
        return read_session(self.seal, request.cookies.get(self.cookie_name("session"), ""), self.now())

    def showed_session(self, request: Request) -> bool:
        """Whether the browser sent a session at all, good or not."""
        return self.cookie_name("session") in request.cookies

    def csrf_token(self, session: Session) -> str:
        """What every form of this session carries, and no other site can know."""
        return self.seal.derive("csrf", session.id)

    def begin_session(self, subject: str, name: str, grants: frozenset[Grant]) -> str:
        """A new session as a `Set-Cookie` line."""
        lasting = timedelta(hours=SESSION_HOURS)
        session = Session(new_secret(), subject, name, grants, self.now() + lasting)
        return cookie(self.cookie_name("session"), session_value(self.seal, session), lasting, https=self.https)

    def end_session(self) -> str:
        """The `Set-Cookie` line that makes a browser forget its session."""
        return cookie(self.cookie_name("session"), "", timedelta(0), https=self.https)

    def is_own(self, request: Request) -> bool:
        """Whether a form was sent from one of our own pages, by what the browser says of its sender.

        What says nothing is no browser, and no other site can make it send anything.
        """
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin")
        if site not in ("same-origin", "none"):
            return False
        if origin is None:
            return True
        if self.root:
            return origin == _origin(self.root)
        return origin == f"http://{request.headers.get('host', '')}"

    def page(self, request: Request, status: int, said: Said) -> Response:
        """A page of signing in."""
        return self.look.show(request, "hnb/signing-in.html", status, said=said)

    def not_set_up(self, request: Request) -> Response:
        """The page of a service that asks programs for a token, and cannot tell one person from another."""
        return self.page(request, 403, NOT_SET_UP)

    def sign_in_at(self, onward: str) -> str:
        """The address to sign in at, to go on from there."""
        return f"{SIGN_IN}?next={quote(onward, safe='')}"


def going_to(address: str, *cookies: str) -> Response:
    """A redirect that a browser follows with GET."""
    answer = Response(status_code=303, headers={**HEADERS, "Location": address})
    for line in cookies:
        answer.headers.append("Set-Cookie", line)
    return answer


def utc_now() -> datetime:
    """The clock of a running service."""
    return datetime.now(UTC)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
