"""The officers' inbox, read: what has not ended, the gravest first, or what has, the newest first."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from alerts.api import COLUMNS, Alert, shaped
from alerts.domain.episodes import State
from alerts.domain.severity import Severity

SHOWN = {
    "open": (State.OPEN, State.ACKNOWLEDGED),
    "unacknowledged": (State.OPEN,),
    "acknowledged": (State.ACKNOWLEDGED,),
    "past": (State.RESOLVED, State.RETRACTED),
}

_ASKED = """
    (CAST(:authorities AS text[]) IS NULL OR a.authority = ANY(:authorities))
    AND (:severity = '' OR a.severity = :severity) AND (:rule = '' OR a.rule = :rule)
"""
# Each as an index of migration 0008 has it.
_NOT_ENDED = text(f"""
    SELECT {COLUMNS} WHERE a.state IN ('open', 'acknowledged') AND a.state = ANY(:states) AND {_ASKED}
    ORDER BY CASE a.severity WHEN 'critical' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END, a.seq DESC
    LIMIT :most OFFSET :after
""")
_PAST = text(f"""
    SELECT {COLUMNS} WHERE a.state IN ('resolved', 'retracted') AND {_ASKED}
    ORDER BY a.resolved_at DESC, a.seq DESC LIMIT :most OFFSET :after
""")
_COUNTS = text(f"""
    SELECT a.state, a.severity, count(*) AS alerts FROM alerts a WHERE a.state <> 'pending' AND {_ASKED}
    GROUP BY a.state, a.severity
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts; an empty filter is any, and no authorities are all."""

    authorities: Collection[str] | None
    severity: str = ""
    rule: str = ""

    def _binds(self) -> dict[str, object]:
        authorities = None if self.authorities is None else sorted(self.authorities)
        return {"authorities": authorities, "severity": self.severity, "rule": self.rule}

    def listed(self, connection: Connection, show: str, after: int, most: int) -> list[Alert]:
        """Those of them that are shown (a key of SHOWN), after so many."""
        binds = self._binds() | {"after": after, "most": most}
        found = (
            connection.execute(_PAST, binds) if show == "past"
            else connection.execute(_NOT_ENDED, binds | {"states": [str(state) for state in SHOWN[show]]})
        )  # fmt: skip
        return [Alert.model_validate(shaped(row)) for row in found.mappings()]

    def counts(self, connection: Connection) -> "Counts":
        """How many of them there are in each state."""
        rows = connection.execute(_COUNTS, self._binds())
        return Counts({(State(row.state), Severity(row.severity)): row.alerts for row in rows})


@dataclass(frozen=True, slots=True)
class Counts:
    """Alerts by state and gravity."""

    of: dict[tuple[State, Severity], int] = field(default_factory=dict)

    def shown(self, show: str) -> int:
        """How many a key of SHOWN shows."""
        return sum(count for (state, _), count in self.of.items() if state in SHOWN[show])

    @property
    def critical(self) -> int:
        """Critical ones that nobody has taken on."""
        return self.of.get((State.OPEN, Severity.CRITICAL), 0)
