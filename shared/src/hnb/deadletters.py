"""Events that cannot be applied: kept with their reason, said on the dead-letter stream, never lost."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from hnb import outbox

STREAM = "dead-letter"

_INSERT = text("""
    INSERT INTO dead_letters (stream, entry_id, body, reason)
    VALUES (:stream, :entry_id, :body, :reason)
    ON CONFLICT (stream, entry_id) DO NOTHING RETURNING id
""")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What came (as text; bytes that are no text are shown as escapes), from which stream entry, and why it failed."""

    stream: str
    entry_id: str
    body: str
    reason: str


def bury(connection: Connection, letter: DeadLetter) -> None:
    """Keep a dead letter and say so, once per stream entry."""
    body = letter.body.replace("\x00", "\\x00")  # PostgreSQL text holds everything but this
    row = connection.execute(
        _INSERT,
        {"stream": letter.stream, "entry_id": letter.entry_id, "body": body, "reason": letter.reason},
    ).first()
    if row is not None:
        outbox.say(connection, [(STREAM, body)])
