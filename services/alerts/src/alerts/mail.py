"""Email by SMTP: plain text beside accessible HTML, under a Message-ID that is the same however often it is tried."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from typing import Any

from alerts.channels import Failure, Letter, mask

ANSWER_SECONDS = 10.0  # a conversation has about ten answers; the lease of a delivery must outlast them all
PORTS = {"ssl": 465, "starttls": 587, "insecure": 25}


@dataclass(frozen=True, slots=True)
class Relay:
    """The server that takes our mail."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    security: str  # `insecure`, `starttls` or `ssl`
    verified: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class MailChannel:
    """One officer's mailbox."""

    name: str
    relay: Relay
    sender: Address
    recipient: Address
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, name: str, parsed: Any, secrets: tuple[str, ...]) -> "MailChannel":
        """From what Apprise made of a mailto URL."""
        (to_name, to), (from_name, from_address) = parsed.targets[0], parsed.from_addr
        security = str(parsed.secure_mode) if parsed.secure else "insecure"
        relay = Relay(
            host=parsed.smtp_host or parsed.host,
            port=parsed.port or PORTS[security],
            user=parsed.user,
            password=parsed.password,
            security=security,
            verified=bool(parsed.verify_certificate),
            seconds=min(max(parsed.socket_connect_timeout, parsed.socket_read_timeout), ANSWER_SECONDS),
        )
        return cls(name, relay, _address(from_name, from_address), _address(to_name, to), secrets)

    def send(self, letter: Letter) -> Failure | None:
        message = compose_mail(letter, self.sender, self.recipient, datetime.now(UTC))
        try:
            smtp = self._connect()
            try:
                if self.relay.user:
                    smtp.login(self.relay.user, self.relay.password or "")
                smtp.send_message(message, self.sender.addr_spec, [self.recipient.addr_spec])
            finally:
                # However the goodbye goes: what was accepted stays accepted, and must not be sent again.
                with suppress(smtplib.SMTPException, OSError):
                    smtp.quit()
                smtp.close()
        except smtplib.SMTPRecipientsRefused as refused:
            code, said = next(iter(refused.recipients.values()))
            return Failure(self.masked(f"the server refused the recipient: {code} {_words(said)}"))
        except smtplib.SMTPResponseException as refused:
            return Failure(self.masked(f"the server refused: {refused.smtp_code} {_words(refused.smtp_error)}"))
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return Failure(self.masked(f"{type(error).__name__}: {error}"))
        return None

    def masked(self, text: str) -> str:
        return mask(text, self.secrets)

    def _connect(self) -> smtplib.SMTP:
        relay = self.relay
        if relay.security == "ssl":
            return smtplib.SMTP_SSL(relay.host, relay.port, timeout=relay.seconds, context=_context(relay.verified))
        smtp = smtplib.SMTP(relay.host, relay.port, timeout=relay.seconds)
        if relay.security == "starttls":
            try:
                smtp.starttls(context=_context(relay.verified))
            except BaseException:
                smtp.close()
                raise
        return smtp


@cache
def _context(verified: bool) -> ssl.SSLContext:
    """Made once: reading the machine's certificates takes longer than sending a letter."""
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def compose_mail(letter: Letter, sender: Address, recipient: Address, at: datetime) -> EmailMessage:
    """The letter as an email. Auto-Submitted keeps out-of-office answers away from it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, letter.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{_local_part(letter.reference)}@{sender.domain or 'hnb.invalid'}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-HNB-Reference"] = letter.reference
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    return message


def _local_part(reference: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in reference).strip(".")


def _address(name: object, address: str) -> Address:
    return Address(str(name) if name else "", addr_spec=address)


def _words(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
