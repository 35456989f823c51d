"""A real small identity provider on loopback, holding clients to PKCE, and able to misbehave where a test says so."""

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import flask
import httpx
import oidc_provider_mock
from joserfc import jwt
from joserfc.jwk import RSAKey


@dataclass
class Provider:
    """The provider, and what it is told to do wrong: `forge` changes the claims of ID tokens."""

    issuer: str = ""
    challenges: dict[str, str] = field(default_factory=dict)
    wrong_verifiers: int = 0
    forge: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    signs_with: RSAKey | None = None
    stop: Callable[[], None] = lambda: None

    def knows(self, subject: str, **claims: object) -> None:
        """Somebody with an account."""
        told = httpx.put(f"{self.issuer}/users/{subject}", json={"sub": subject, **claims})
        assert told.is_success, told.text

    def sign_in(self, address: str, subject: str) -> str:
        """What the person does there: sign in on the provider's page. Where it then sends the browser."""
        answer = httpx.post(address, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        location = answer.headers["location"]
        code = parse_qs(urlsplit(location).query)["code"][0]
        self.challenges[code] = parse_qs(urlsplit(address).query)["code_challenge"][0]
        return str(location)

    def refuse(self, address: str) -> str:
        """The person turns back at the provider's page."""
        answer = httpx.post(address, data={"action": "deny", "sub": ""})
        assert answer.status_code == 302, answer.text
        state = parse_qs(urlsplit(address).query)["state"][0]  # the provider leaves it out, against RFC 6749, 4.1.2.1
        return f"{answer.headers['location']}&state={state}"

    def check(self, form: Mapping[str, str]) -> bool:
        """Whether the verifier of a code is the one its challenge was made of (RFC 7636)."""
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        good = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenges.get(form.get("code", ""))
        self.wrong_verifiers += not good
        return good


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def running() -> Iterator[Provider]:
    """The provider, up until the end of the block."""
    provider = Provider()
    app = oidc_provider_mock.app(require_nonce=True)
    app.debug = False

    @app.before_request  # type: ignore[untyped-decorator]
    def hold_to_pkce() -> Any:
        if flask.request.path == "/oauth2/token" and not provider.check(flask.request.form):
            return flask.jsonify(error="invalid_grant"), 400
        return None

    @app.after_request  # type: ignore[untyped-decorator]
    def misbehave(response: flask.Response) -> flask.Response:
        if flask.request.path == "/oauth2/token" and response.status_code == 200:
            said, own = response.get_json(), flask.g.oidc_provider_mock_storage.jwk
            key = provider.signs_with or RSAKey.import_key(own.as_dict(is_private=True))
            claims = (provider.forge or dict)(_part(said["id_token"], 1))
            said["id_token"] = jwt.encode(_part(said["id_token"], 0), claims, key)
            response.set_data(flask.json.dumps(said))
        return response

    with make_server("127.0.0.1", 0, app, WSGIServer, _Quiet) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        provider.stop = server.shutdown
        yield provider
        server.shutdown()
        thread.join(5)


def _part(token: str, number: int) -> dict[str, Any]:
    written = token.split(".")[number]
    read: dict[str, Any] = flask.json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
    return read
