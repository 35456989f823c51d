"""What one version of a plan changed of the one before, and which decisions of reviews are still open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hnb.money import pounds
from ledger.domain.recovery.plan import Decision, Plan, Review

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Changed:
    """One field of a plan that is not what it was."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Open:
    """A decision not yet carried out, and the day of the review that took it."""

    decision: Decision
    held_on: date

    def overdue(self, on: date) -> bool:
        return self.decision.due < on


def differences(before: Plan | None, after: Plan) -> list[Changed]:
    """Every field that changed, measures and risks by their ids; all of them where there was no plan."""
    old = dict(_fields(before)) if before else {}
    new = dict(_fields(after))
    return [
        Changed(field, old.get(field, NOTHING), new.get(field, NOTHING))
        for field in dict.fromkeys((*old, *new))
        if old.get(field) != new.get(field)
    ]


def decisions(reviews: Sequence[Review]) -> list[Open]:
    """What earlier reviews decided and no later one calls done, the soonest due first."""
    done = {id for review in reviews for id in review.done}
    found = [Open(one, review.held_on) for review in reviews for one in review.decisions if one.id not in done]
    return sorted(found, key=lambda one: (one.decision.due, one.decision.id))


def faults(review: Review, before: Sequence[Review], today: date) -> list[str]:
    """Why a review cannot follow those before it."""
    taken = {one.id for earlier in before for one in earlier.decisions}
    still = {one.decision.id for one in decisions(before)}
    found = []
    if review.held_on > today:
        found.append(f"held_on: {review.held_on} has not come yet: a review is kept once it was held")
    if before and review.held_on < before[-1].held_on:
        found.append(f"held_on: is before the last review kept, of {before[-1].held_on}")
    found += [f"decisions: an earlier review has a decision {one.id}: take another id"
              for one in review.decisions if one.id in taken]  # fmt: skip
    found += [f"done: there is no open decision {id}" for id in review.done if id not in still]
    return found


def _fields(plan: Plan) -> Iterator[tuple[str, str]]:
    yield from _leaves("", plan.model_dump(mode="json"))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), part)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for at, part in enumerate(value, 1):
            yield from _leaves(f"{path}.{part.get('id', at)}", part)
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value)) or NOTHING
    elif value is not None:
        yield path, pounds(value) if "_pounds." in path else str(value)
