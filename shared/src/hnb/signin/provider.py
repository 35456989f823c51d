"""The council's identity provider (OpenID Connect): found by its issuer, and believed in nothing it did not sign."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode, urlsplit

import structlog
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from hnb.signin.fetching import Away, fetch

KEPT_SECONDS = 3600.0  # what the issuer says of itself, and its keys
AGAIN_SECONDS = 15.0  # before it is asked again where it failed, or for a key it did not have
LEEWAY_SECONDS = 60  # that its clock and ours may be apart
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384")  # by a key only it has
SCOPE = "openid profile"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Declined(Exception):
    """The provider does not take the code: it was used before, or is too old."""


class Unbelievable(Exception):
    """What came back is not signed by the issuer, not for us, or not for this journey."""


@dataclass(frozen=True, slots=True)
class Client:
    """What this service is to its provider."""

    issuer: str
    id: str
    secret: str = field(repr=False)
    redirect: str


class _Kept(Generic[T]):
    """What was fetched, for an hour. Where fetching it again fails, what is old is good enough."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self.value: T | None = None
        self._until = self._again = float("-inf")
        self._lock = threading.Lock()

    def get(self, *, afresh: bool = False) -> T:
        """What is kept, fetched where it is old or wanted afresh, not again and again. Away where there is none."""
        with self._lock:
            at = time.monotonic()
            if at >= self._again and (afresh or at >= self._until):
                self._again = at + AGAIN_SECONDS
                try:
                    self.value, self._until = self._read(), at + KEPT_SECONDS
                except Away as error:
                    log.warning("the identity provider cannot be used", error=str(error)[:300])
            if self.value is None:
                raise Away("the identity provider could not be used when it was last asked")
            return self.value


class Provider:
    """One issuer. Whatever is asked of it is at the issuer's own address."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client, self._now = client, now
        self._about = _Kept(self._read_about)
        self._keys = _Kept(self._read_keys)

    def address(self, state: str, nonce: str, challenge: str) -> str:
        """Where a browser goes to sign in. Away where the issuer does not say."""
        query = {
            "response_type": "code", "client_id": self._client.id, "redirect_uri": self._client.redirect,
            "scope": SCOPE, "state": state, "nonce": nonce,
            "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        address = self._about.get()["authorization_endpoint"]
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"

    def leaving(self) -> str | None:
        """Where a browser goes to sign out of the provider itself, where it has said so."""
        address = (self._about.value or {}).get("end_session_endpoint")
        return address if isinstance(address, str) and self._is_its_own(address) else None

    def claims(self, code: str, verifier: str, nonce: str) -> Mapping[str, Any]:
        """What the ID token behind a code says of a person. Away, Declined or Unbelievable where it is not good."""
        token = self._id_token(code, verifier)
        try:
            try:
                claims = jwt.decode(token, self._keys.get(), ALGORITHMS).claims
            except InvalidKeyIdError:  # the issuer may have changed its keys since
                claims = jwt.decode(token, self._keys.get(afresh=True), ALGORITHMS).claims
            self._rules(nonce).validate(claims)
        except (JoseError, ValueError) as error:
            raise Unbelievable(str(error)) from None
        if claims.get("azp", self._client.id) != self._client.id:
            raise Unbelievable("azp: it is for another client")
        return claims

    def _rules(self, nonce: str) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._now().timestamp()), leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._client.issuer}, aud={"essential": True, "value": self._client.id},
            sub={"essential": True}, exp={"essential": True}, iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )  # fmt: skip

    def _id_token(self, code: str, verifier: str) -> str:
        about, client = self._about.get(), self._client
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect,
            "code_verifier": verifier,
        }  # fmt: skip
        ways = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = "client_secret_basic" in ways
        secret = {} if basic else {"client_id": client.id, "client_secret": client.secret}
        status, said = fetch(about["token_endpoint"], form | secret, (client.id, client.secret) if basic else None)
        if status == 400 and said.get("error") == "invalid_grant":
            raise Declined("invalid_grant")
        token = said.get("id_token")
        if status != 200 or not isinstance(token, str):
            raise Away(f"the token endpoint answers {status}: {str(said.get('error', 'no id_token'))[:100]}")
        return token

    def _read_about(self) -> dict[str, Any]:
        status, said = fetch(self._client.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if status != 200:
            raise Away(f"its configuration answers {status}")
        if said.get("issuer") != self._client.issuer:
            raise Away(
                f"it calls itself {str(said.get('issuer'))[:200]}, and HNB_OIDC_ISSUER says {self._client.issuer}"
            )
        for name in _ENDPOINTS:
            if not isinstance(said.get(name), str) or not self._is_its_own(said[name]):
                raise Away(f"its {name} is not at the address of HNB_OIDC_ISSUER")
        return said

    def _read_keys(self) -> KeySet:
        status, said = fetch(self._about.get()["jwks_uri"])
        if status != 200:
            raise Away(f"its keys answer {status}")
        try:
            return KeySet.import_key_set(said)  # type: ignore[arg-type]  # whatever it is, this reads it
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Away(f"its keys cannot be read: {error}") from None

    def _is_its_own(self, address: str) -> bool:
        return urlsplit(address)[:2] == urlsplit(self._client.issuer)[:2]
