"""What every service is told by its environment, read once at start and never again."""

import ipaddress
import re
import sys
from typing import Annotated, NoReturn, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

WRONG_SETTINGS = 2
LEAST_SECRET = 32  # characters of what something is signed with
TRACES_PATH = "/v1/traces"  # where a collector takes them, unless it is told with another path


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < LEAST_SECRET:
        raise ValueError(f"is shorter than {LEAST_SECRET} characters")
    return value


SigningSecret = Annotated[SecretStr, AfterValidator(_long_enough)]


class DatabaseSettings(BaseSettings):
    """What it takes to reach a service's database, from the environment variables HNB_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="HNB_", extra="ignore", frozen=True)

    database_url: SecretStr = Field(description="postgresql://role:password@host:port/database, one per service")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr) -> SecretStr:
        if not re.match(r"postgres(ql)?://[^/]*/\w", value.get_secret_value()):
            raise ValueError("is not of the form postgresql://role:password@host:port/database")
        return value


class ServiceSettings(DatabaseSettings):
    """Settings all services share."""

    broker_url: SecretStr = Field(description="redis://:password@host:port/0, Valkey 8+ or Redis 7.2+")
    host: str = Field("127.0.0.1", description="the address the HTTP door listens on")
    port: int = Field(0, ge=0, le=65535, description="the port the HTTP door listens on")
    replica: str = Field("0", pattern=r"^[A-Za-z0-9-]{1,40}$", description="a stable name for this replica")
    tokens: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), description="SHA-256 of each accepted bearer token, in hex, separated by commas"
    )

    traces_url: str | None = Field(
        None, description="an OTLP/HTTP collector that traces are sent to, such as http://collector:4318; none is off"
    )

    public_url: str | None = Field(
        None, pattern=r"^https?://[^\s/]+[^\s]*$", description="the address people reach this service at"
    )
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+[^\s?#]*$",
        description="the issuer of the identity provider people sign in with (docs/signing-in.md); none is no sign-in",
    )
    oidc_client_id: str | None = Field(None, description="what this service is registered as at the provider")
    oidc_client_secret: SecretStr | None = Field(None, description="the secret it got there")
    session_secret: SigningSecret | None = Field(
        None,
        description=f"what people's sessions are signed with, {LEAST_SECRET} characters or more, alike at each replica",
    )
    roles_claim: str = Field("roles", min_length=1, description="the claim of an ID token that names people's roles")

    @field_validator(
        "public_url", "oidc_issuer", "oidc_client_id", "oidc_client_secret", "session_secret", mode="before"
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("traces_url", mode="before")
    @classmethod
    def _collector(cls, value: object) -> object:
        if not isinstance(value, str) or not value.strip():
            return None
        found = re.fullmatch(r"(https?://[^\s/?#]+)(/[^\s?#]*)?", value.strip())
        if not found:
            raise ValueError("is not of the form http://host:port, of a collector that takes OTLP over HTTP")
        return found[1] + (found[2] if found[2] not in (None, "/") else TRACES_PATH)

    @field_validator("broker_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        if not re.match(r"(redis|rediss|unix)://.", value.get_secret_value()):
            raise ValueError("is not of the form redis://:password@host:port/0")
        return value

    @field_validator("tokens", mode="before")
    @classmethod
    def _hashes(cls, value: object) -> object:
        hashes = (
            frozenset(part.strip().lower() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )
        if isinstance(hashes, frozenset) and not all(re.fullmatch(r"[0-9a-f]{64}", h) for h in hashes):
            raise ValueError("holds something that is not a SHA-256 in hex (never the token itself)")
        return hashes

    @model_validator(mode="after")
    def _open_doors_stay_at_home(self) -> "ServiceSettings":
        if not self.guarded and not is_loopback(self.host):
            raise ValueError(f"HNB_HOST is {self.host}, but without HNB_TOKENS the HTTP door listens on loopback only")
        return self

    @model_validator(mode="after")
    def _sign_in_is_whole(self) -> "ServiceSettings":
        if self.oidc_issuer is None:
            if self.oidc_client_id or self.oidc_client_secret:
                raise ValueError("HNB_OIDC_CLIENT_ID or HNB_OIDC_CLIENT_SECRET is set, but HNB_OIDC_ISSUER is not")
            return self
        needed = ("oidc_client_id", "oidc_client_secret", "session_secret", "public_url")
        missing = ", ".join(f"HNB_{name.upper()}" for name in needed if getattr(self, name) is None)
        if missing:
            raise ValueError(f"HNB_OIDC_ISSUER is set, so that people sign in, and that needs {missing} too")
        if not self.guarded:
            raise ValueError(
                "HNB_OIDC_ISSUER is set, but without HNB_TOKENS whatever the pages show stays open as JSON: set both"
            )
        for name in ("oidc_issuer", "public_url"):
            parts = urlsplit(str(getattr(self, name)))
            if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
                raise ValueError(f"HNB_{name.upper()} is not https, and only this machine's own may be without")
        if urlsplit(str(self.public_url)).path.strip("/"):
            raise ValueError("HNB_PUBLIC_URL has a path, and pages stand at the start of an address of their own")
        return self

    @property
    def guarded(self) -> bool:
        """Whether the HTTP door lets in bearers of a token only."""
        return bool(self.tokens)

    def admits(self, hashed: bytes) -> bool:
        """Whether a bearer token, by its SHA-256, is one of ours."""
        return hashed.hex() in self.tokens


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, seen by itself only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


S = TypeVar("S", bound=DatabaseSettings)


def load(service: str, settings: type[S]) -> S:
    """The settings from the environment; one clear sentence and exit status 2 when some are missing or wrong."""
    try:
        return settings()
    except ValidationError as error:
        faults = [_fault(e["loc"], e["type"], e["msg"]) for e in error.errors(include_input=False)]
        refuse_to_start(service, "; ".join(faults))


def refuse_to_start(service: str, why: str) -> NoReturn:
    """Say in one sentence why the service cannot start, and leave with status 2: starting again will not help."""
    print(f"{service} cannot start: {why}.", file=sys.stderr)  # noqa: T201 - before logging is set up
    raise SystemExit(WRONG_SETTINGS)


def _fault(place: tuple[int | str, ...], kind: str, message: str) -> str:
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if not place:
        return message
    name = f"HNB_{str(place[0]).upper().removeprefix('HNB_')}"
    return f"{name} is missing" if kind == "missing" else f"{name} {message[:1].lower()}{message[1:]}"
