"""Signing in and out: to the provider, back from it, and out again."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from hnb.pages import TAG
from hnb.signin import words
from hnb.signin.cookies import MOST_BYTES, SIGNING_IN_MINUTES, Journey, cookie, journey_value, new_secret, read_journey
from hnb.signin.desk import Desk, going_to
from hnb.signin.fetching import Away
from hnb.signin.people import grants_of, own_path
from hnb.signin.provider import Client, Declined, Provider, Unbelievable

MOST_NAME = 100
MOST_SUBJECT = 255  # as OpenID Connect has it
Answered = Annotated[str, Query(max_length=4_000)]

log = structlog.get_logger(__name__)


def provider_of(desk: Desk) -> Provider | None:
    """The provider that people sign in with here, where one is set."""
    given = desk.settings
    if given.oidc_issuer is None or given.oidc_client_id is None or given.oidc_client_secret is None:
        return None
    secret = given.oidc_client_secret.get_secret_value()
    return Provider(Client(given.oidc_issuer, given.oidc_client_id, secret, desk.root + words.DONE), desk.now)


def make_router(desk: Desk, provider: Provider | None) -> APIRouter:
    """The three addresses of signing in; without a provider they say that nobody does."""
    router = APIRouter(tags=[TAG], include_in_schema=False, default_response_class=HTMLResponse)

    @router.get(words.SIGN_IN)
    def sign_in(request: Request, next: Annotated[str, Query(max_length=4_000)] = "/") -> Response:
        if provider is None:
            return _nobody_signs_in(desk, request)
        return _set_out(desk, provider, request, own_path(next))

    @router.get(words.DONE)
    def come_back(request: Request, state: Answered = "", code: Answered = "", error: Answered = "") -> Response:
        if provider is None:
            return _nobody_signs_in(desk, request)
        journey = _journey(desk, request, state)
        if journey is None:
            return desk.page(request, 400, words.LOST)
        answer = _refused(desk, request, error, journey) if error else None
        answer = answer or _arrived(desk, provider, request, code, journey)
        answer.headers.append("Set-Cookie", _way_cookie(desk, state, "", timedelta(0)))  # it is good for once
        return answer

    @router.get(words.SIGN_OUT)
    def ask_to_sign_out(request: Request) -> Response:
        if provider is None:
            return _nobody_signs_in(desk, request)
        if desk.session(request) is None:
            return desk.page(request, 200, words.signed_out(provider.leaving()))
        return desk.page(request, 200, words.SIGN_OUT_NOW)

    @router.post(words.SIGN_OUT)
    def sign_out(request: Request) -> Response:
        request.state.person = None
        answer = (
            _nobody_signs_in(desk, request)
            if provider is None
            else desk.page(request, 200, words.signed_out(provider.leaving()))
        )
        answer.headers.append("Set-Cookie", desk.end_session())
        return answer

    return router


def _set_out(desk: Desk, provider: Provider, request: Request, onward: str) -> Response:
    journey = Journey(new_secret(), onward, desk.now() + timedelta(minutes=SIGNING_IN_MINUTES))
    state = desk.seal.derive("state", journey.secret)
    verifier = desk.seal.derive("verifier", journey.secret)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    try:
        address = provider.address(state, desk.seal.derive("nonce", journey.secret), challenge)
    except Away:
        return desk.page(request, 503, words.away(desk.sign_in_at(onward)))
    lasting = timedelta(minutes=SIGNING_IN_MINUTES)
    return going_to(address, _way_cookie(desk, state, journey_value(desk.seal, journey), lasting))


def _journey(desk: Desk, request: Request, state: str) -> Journey | None:
    """The journey that this browser set out on with this state; None where it did not, or too long ago."""
    journey = read_journey(desk.seal, request.cookies.get(_way_name(desk, state), ""), desk.now())
    if journey is None or not hmac.compare_digest(
        desk.seal.derive("state", journey.secret).encode(), state.encode("utf-8", "surrogatepass")
    ):
        return None
    return journey


def _refused(desk: Desk, request: Request, error: str, journey: Journey) -> Response:
    log.warning("the identity provider let nobody in", error=error[:100])
    if error == "access_denied":
        return desk.page(request, 403, words.not_let_in(desk.sign_in_at(journey.onward)))
    return desk.page(request, 503, words.away(desk.sign_in_at(journey.onward)))


def _arrived(desk: Desk, provider: Provider, request: Request, code: str, journey: Journey) -> Response:
    verifier, nonce = (desk.seal.derive(purpose, journey.secret) for purpose in ("verifier", "nonce"))
    try:
        claims = provider.claims(code, verifier, nonce)
    except Away as error:
        log.warning("nobody could sign in", error=str(error)[:300])
        return desk.page(request, 503, words.away(desk.sign_in_at(journey.onward)))
    except (Declined, Unbelievable) as error:
        log.warning("a sign-in was not believed", error=str(error)[:300])
        return desk.page(request, 400, words.LOST)
    return _let_in(desk, request, claims, journey)


def _let_in(desk: Desk, request: Request, claims: Mapping[str, Any], journey: Journey) -> Response:
    subject, name = str(claims["sub"])[:MOST_SUBJECT], name_of(claims)
    grants = grants_of(claims.get(desk.settings.roles_claim))
    if not grants:
        log.warning("somebody without a role signed in", subject=subject)
        return desk.page(request, 403, words.no_role(name))
    line = desk.begin_session(subject, name, grants)
    if len(line) > MOST_BYTES:
        return desk.page(request, 403, words.too_many_roles(name, len(grants)))
    log.info("signed in", subject=subject, roles=[str(grant) for grant in sorted(grants)][:20])
    return going_to(journey.onward, line)


def name_of(claims: Mapping[str, Any]) -> str:
    """How a person is called here and in the trail: by name, and by what tells two of one name apart."""
    said = [claims.get(claim) for claim in ("name", "preferred_username")]
    parts = list(
        dict.fromkeys(" ".join(one.split())[:MOST_NAME] for one in said if isinstance(one, str) and one.strip())
    )
    if not parts:
        return str(claims["sub"])[:MOST_NAME]
    return parts[0] if len(parts) == 1 else f"{parts[0]} ({parts[1]})"


def _nobody_signs_in(desk: Desk, request: Request) -> Response:
    if desk.open:
        return desk.page(request, 200, words.NOBODY_SIGNS_IN)
    return desk.not_set_up(request)


def _way_name(desk: Desk, state: str) -> str:
    """One cookie a journey: tabs that a browser opens again all at once each find the way back."""
    return desk.cookie_name(f"way-{state[:8]}")


def _way_cookie(desk: Desk, state: str, value: str, lasting: timedelta) -> str:
    return cookie(_way_name(desk, state), value, lasting, https=desk.https)
