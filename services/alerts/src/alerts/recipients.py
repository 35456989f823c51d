"""Who is told: people by role, each on a channel of their own, read from a file or from a list of addresses."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from alerts.channels import MOST_CHANNELS, Channel, open_channel, open_channels, secrets_of
from alerts.notify import KEY_LENGTH, NOTIFY_URL, NotifyChannel
from alerts.webhooks import WebhookChannel, signing_key
from hnb.events import Authority

MAX_FILE_BYTES = 1024 * 1024
MAX_SECRET_BYTES = 4096

Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,100}$", strip_whitespace=True)]
Role = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/@]+(/\S*)?$", max_length=2_000)]


class BadRecipients(Exception):
    """The recipients cannot be used; the text says which field of which file, and never a secret."""


class Rhythm(StrEnum):
    """How often a recipient is told of what is not critical: each change, or a digest."""

    NONE = "none"
    DAILY = "daily"
    WEEKLY = "weekly"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Webhook(_Strict):
    """A receiver of signed webhooks."""

    url: HttpUrl
    secret_file: Path | None = None
    secret_env: Variable | None = None


class Notify(_Strict):
    """An address GOV.UK Notify writes to."""

    template_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F-]{36}$")]
    to: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
    api_key_file: Path | None = None
    api_key_env: Variable | None = None
    service: HttpUrl = NOTIFY_URL


class Recipient(_Strict):
    """One entry of the file."""

    name: Name
    roles: frozenset[Role] = Field(min_length=1)
    url: Annotated[str, StringConstraints(max_length=2_000)] | None = None
    notify: Notify | None = None
    webhook: Webhook | None = None
    digest: Rhythm = Rhythm.NONE
    authorities: frozenset[Authority] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _one_way(self) -> "Recipient":
        if sum(way is not None for way in (self.url, self.notify, self.webhook)) != 1:
            raise ValueError("exactly one of url, notify and webhook says how this recipient is reached")
        return self


class RecipientsFile(_Strict):
    """The whole file."""

    recipients: tuple[Recipient, ...] = Field(min_length=1, max_length=MOST_CHANNELS)
    fallback: Name | None = None

    @model_validator(mode="after")
    def _names_are_clear(self) -> "RecipientsFile":
        names = [recipient.name for recipient in self.recipients]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"recipients: the name {twice[0]} is given twice")
        if self.fallback is not None and self.fallback not in names:
            raise ValueError("fallback: is not the name of a recipient")
        return self


@dataclass(frozen=True, slots=True)
class Audience:
    """What a recipient is to be told of; None is everything."""

    roles: frozenset[str] | None = None
    authorities: frozenset[str] | None = None
    digest: Rhythm = Rhythm.NONE

    def hears(self, roles: Sequence[str], authority: str) -> bool:
        """Whether something of an authority for these roles (for all, where there are none) is theirs to know."""
        return (self.roles is None or not roles or bool(self.roles & set(roles))) and (
            self.authorities is None or authority in self.authorities
        )


@dataclass(frozen=True, slots=True)
class Recipients:
    """Everyone who may be told, by name."""

    audiences: Mapping[str, Audience]
    channels: Mapping[str, Channel]
    fallback: str | None = None

    def named(self, roles: Sequence[str], authority: str, critical: bool = True) -> list[str]:
        """Whom to tell of one change now. What is not critical those with a digest read there.

        What would reach nobody at all goes to the fallback: an alert that nobody is told of does not exist.
        """
        hearing = [name for name, audience in self.audiences.items() if audience.hears(roles, authority)]
        if not hearing and self.fallback is not None:
            return [self.fallback]
        return [name for name in hearing if critical or self.audiences[name].digest is Rhythm.NONE]

    def digests(self) -> dict[str, Audience]:
        """Those who read digests."""
        return {name: one for name, one in self.audiences.items() if one.digest is not Rhythm.NONE}


def from_urls(urls: str) -> Recipients:
    """The quick form: each URL is a recipient of every role."""
    channels = open_channels(urls)
    return Recipients(dict.fromkeys(channels, Audience()), channels)


def read_recipients(path: Path, environment: Mapping[str, str] | None = None) -> Recipients:
    """The recipients of a file; BadRecipients, naming file and field, where it cannot be used."""
    said = _parsed(path)
    known = os.environ if environment is None else environment
    channels: dict[str, Channel] = {}
    for number, recipient in enumerate(said.recipients):
        try:
            channels[recipient.name] = _channel(recipient, path.parent, known)
        except ValueError as error:
            raise BadRecipients(f"{path}: recipients.{number}.{error}") from None
    audiences = {r.name: Audience(r.roles, r.authorities, r.digest) for r in said.recipients}
    return Recipients(audiences, channels, said.fallback)


def _parsed(path: Path) -> RecipientsFile:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadRecipients(f"{path} cannot be read: {error.strerror}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise BadRecipients(f"{path} is larger than {MAX_FILE_BYTES} bytes")
    try:
        value = yaml.safe_load(raw)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BadRecipients(f"{path} is not YAML{f' at line {mark.line + 1}' if mark else ''}") from None
    try:
        return RecipientsFile.model_validate(value)
    except ValidationError as error:
        faults = [_fault(e) for e in error.errors(include_url=False, include_input=False, include_context=False)]
        raise BadRecipients(f"{path}: {'; '.join(faults)}") from None


def _fault(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    message = {"missing": "is missing", "extra_forbidden": "is not a field of this file"}.get(
        error["type"], error["msg"].removeprefix("Value error, ")
    )
    return f"{place}: {message}" if place else message


def _channel(recipient: Recipient, folder: Path, environment: Mapping[str, str]) -> Channel:
    if recipient.url is not None:
        try:
            return open_channel(recipient.name, recipient.url)
        except ValueError as error:
            raise ValueError(f"url: {error}") from None
    if recipient.webhook is not None:
        hook = recipient.webhook
        secret = _secret("webhook.secret", hook.secret_file, hook.secret_env, folder, environment)
        try:
            key = signing_key(secret)
        except ValueError as error:
            raise ValueError(f"webhook.secret: {error}") from None
        return WebhookChannel(recipient.name, hook.url, key, (secret, *secrets_of(hook.url, recipient.name)))
    assert recipient.notify is not None
    how = recipient.notify
    api_key = _secret("notify.api_key", how.api_key_file, how.api_key_env, folder, environment)
    if len(api_key) < KEY_LENGTH:
        raise ValueError("notify.api_key: is no API key of GOV.UK Notify (a name and two UUIDs, with hyphens between)")
    return NotifyChannel(recipient.name, api_key, how.template_id, how.to, how.service)


def _secret(field: str, file: Path | None, variable: str | None, folder: Path, environment: Mapping[str, str]) -> str:
    """A secret from where the file says it is: a file, seen from the recipients' own folder, or the environment."""
    if (file is None) == (variable is None):
        raise ValueError(f"{field}: give one of {field.rpartition('.')[2]}_file and {field.rpartition('.')[2]}_env")
    if file is None:
        found = environment.get(variable or "", "")
    else:
        try:
            found = (folder / file).read_text(encoding="utf-8")[:MAX_SECRET_BYTES]
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise ValueError(f"{field}_file: {file} cannot be read: {why}") from None
    if not found.strip():
        raise ValueError(f"{field}: {f'the file {file}' if file else f'the variable {variable}'} is empty or not set")
    return found.strip()
