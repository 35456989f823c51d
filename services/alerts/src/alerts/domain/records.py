"""Which records about a child an alert shows: so that whoever sees them is written down."""

from alerts.domain.evidence import Evidence, LineEvidence

OF_CHILDREN = frozenset({"placement", "plan", "request", "appeal", "grant"})


def of_scope(scope: str) -> set[str]:
    """The ids in a scope that are of one child: `placement/PL-1 placement/PL-2`."""
    parts = (part.partition("/") for part in scope.split())
    return {id for kind, _, id in parts if kind in OF_CHILDREN and id}


def of_evidence(scope: str, evidence: Evidence) -> set[str]:
    """The same, and the commitments that moved a line."""
    moved = {driver.commitment_id for driver in evidence.drivers} if isinstance(evidence, LineEvidence) else set()
    return of_scope(scope) | moved
