"""What the alerts service is told by its environment."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.channels import open_channels
from hnb.settings import LEAST_SECRET, ServiceSettings, SigningSecret


class AlertsSettings(ServiceSettings):
    """The shared settings, the rules, and where alerts are sent."""

    port: int = Field(8003, ge=0, le=65535, description="the port the HTTP door listens on")
    alert_rules: Path | None = Field(None, description="a rules file to use instead of the one shipped")
    alert_urls: SecretStr | None = Field(
        None,
        description=(
            "where alerts are sent: Apprise URLs, one per recipient, separated by commas; without any, alerts are kept "
            "and shown only. A mail relay without login or TLS: mailto://HOST:PORT?from=hnb@example.org&to="
            "officer@example.org; with login and STARTTLS: mailtos://USER:PASSWORD@HOST:587?from=...&to=..."
        ),
    )
    alert_recipients: Path | None = Field(
        None, description="a YAML file of recipients by role, instead of HNB_ALERT_URLS (docs/alert-delivery.md)"
    )
    alert_link_secret: SigningSecret | None = Field(
        None,
        description=(
            f"what links in messages are signed with, {LEAST_SECRET} characters or more and the same on every replica; "
            "without it a link opens a page that only shows"
        ),
    )

    @field_validator("alert_rules", "alert_urls", "alert_recipients", "alert_link_secret", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return value or None

    @field_validator("alert_urls")
    @classmethod
    def _understood(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            open_channels(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _one_list(self) -> "AlertsSettings":
        if self.alert_urls is not None and self.alert_recipients is not None:
            raise ValueError("HNB_ALERT_URLS and HNB_ALERT_RECIPIENTS both say where alerts are sent: give one")
        return self

    @property
    def link_root(self) -> str:
        """What links in messages start with; this machine's own address where nothing else is set."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def link_key(self) -> bytes | None:
        """What links are signed with."""
        return self.alert_link_secret.get_secret_value().encode() if self.alert_link_secret else None
