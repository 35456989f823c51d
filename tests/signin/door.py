"""The ledger's door with its sign-in before small pages, and a browser at it that keeps its cookies."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qs, quote

import httpx
from fastapi import APIRouter, Request, Response
from fastapi.testclient import TestClient

from hnb.bearer import KnownTokens, token_hash
from hnb.http import Problem, make_app
from hnb.pages import TAG, Pages
from hnb.pages.refusing import InWords
from hnb.settings import ServiceSettings
from hnb.signin import EVERYBODY, Role, person_of, within
from hnb.signin.desk import Desk
from hnb.signin.guard import PageGuard, for_programs
from hnb.signin.routes import make_router, provider_of
from hnb.telemetry import Telemetry
from tests.signin.provider import Provider

SERVERS = {"database_url": "postgresql://a@127.0.0.1/a", "broker_url": "redis://127.0.0.1"}
TOKEN = "an operator's token"
LEICESTER, RUTLAND = "E06000016", "E06000017"
BOARD = f"/board/{LEICESTER}"
BROWSER = {"accept": "text/html"}
SECRET = "thirty-two characters or more of it"
TABLE = {"/board": frozenset({Role.FINANCE}), "/benchmarks": EVERYBODY, "/public": None}


@dataclass
class Clock:
    """A clock that a test may put forward."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def routes(pages: Pages) -> APIRouter:
    router = APIRouter(tags=[TAG])

    @router.get("/board/{authority}")
    def board(request: Request, authority: str) -> Response:
        person = within(request, authority)
        return Response(f"{person.subject} {request.state.csrf_token}")

    @router.post("/board/{authority}")
    async def change(request: Request, authority: str) -> Response:
        form = parse_qs((await request.body()).decode())
        return Response(f"{person_of(request).name} wrote {form['note'][0]}")

    @router.get("/benchmarks")
    @router.get("/public")
    def everybody(request: Request) -> Response:
        return pages.show(request, "hnb/page.html")

    return router


def for_tools() -> APIRouter:
    """What answers programs, one of them among the pages."""
    router = APIRouter()

    @router.get("/positions")
    @router.post("/board/plans")
    def positions() -> Problem:
        return Problem(title="The position", status=200, detail="none")

    return router


async def _ready() -> dict[str, str]:
    return {}


def service(clock: Clock, root: str = "http://127.0.0.1:8002", **given: str) -> TestClient:
    """The ledger's door with its sign-in, at the address people reach it at; its client keeps cookies."""
    settings = ServiceSettings.model_validate(
        SERVERS | given | ({"public_url": root} if "oidc_issuer" in given else {})
    )
    pages = Pages("ledger", "High Needs Block ledger", "/public")
    desk = Desk("ledger", settings, pages, clock)
    routers = [for_tools(), routes(pages), make_router(desk, provider_of(desk))]
    tokens = partial(KnownTokens, settings=settings)
    guard = partial(PageGuard, desk=desk, pages=TABLE, tokens=tokens, programs=for_programs(TABLE, routers))
    app = make_app("Ledger", "", Telemetry("ledger"), routers, _ready, dict, lambda _: False, guard, {})
    app.add_middleware(InWords, pages=pages)
    client = TestClient(app, root, follow_redirects=False, raise_server_exceptions=False)
    client.headers.update(BROWSER)
    return client


def guarded(provider: Provider, clock: Clock | None = None, **given: str) -> TestClient:
    return service(
        clock or Clock(), oidc_issuer=provider.issuer, oidc_client_id="hnb", oidc_client_secret="shh",
        session_secret=SECRET, tokens=token_hash(TOKEN).hex(), **given,
    )  # fmt: skip


def way_in(client: TestClient, provider: Provider, subject: str, onward: str) -> str:
    """From a page to the provider, and where that sends the browser back to."""
    answer = client.get(onward)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next={quote(onward, safe='')}"
    answer = client.get(answer.headers["location"])
    assert answer.status_code == 303, answer.text
    return provider.sign_in(answer.headers["location"], subject)


def sign_in(
    client: TestClient, provider: Provider, subject: str, onward: str = f"/board/{LEICESTER}"
) -> httpx.Response:
    """All of it; the answer that lets somebody in, or does not."""
    answer: httpx.Response = client.get(way_in(client, provider, subject, onward))
    return answer


def refused(answer: httpx.Response, status: int, says: str) -> None:
    """It is a page that says what to do next, and nothing of the machine."""
    assert answer.status_code == status, answer.text
    assert says in answer.text
    assert 'class="govuk-link" href="' in answer.text or "Go back" in answer.text
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
