"""What a return says of one child against what stands in the register: the events that make the register say it too.

Pure, and of one outcome whatever order the returns of several years come in: docs/decisions/0010-importing-sen2.md.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from hnb_local.sen2.facts import Asked, Placed, Planned, Told
from hnb_local.sen2.saying import (
    CEASED,
    CLOSED,
    DECIDED,
    ENDED,
    ISSUED,
    MADE,
    NEW,
    REQUESTED,
    Difference,
    Fact,
    Facts,
    Json,
    Saying,
    Standing,
    Words,
    noon,
)

MAIN = {"plan": ISSUED, "placement": MADE}  # of the records that a return has for as long as they last
ENDING = {"plan": CEASED, "placement": ENDED}


def compare(told: Told, child_ref: str, standing: Standing, saying: Saying) -> Difference:
    """The difference between what a return says of a child and what stands of it."""
    return _Comparison(told, child_ref, standing, saying).run()


class _Comparison:
    """One child's records, gone through one by one."""

    def __init__(self, told: Told, child_ref: str, standing: Standing, saying: Saying) -> None:
        self.told, self.child_ref, self.standing, self.saying = told, child_ref, standing, saying
        self.words = Words(saying)
        self.plans = {f"plan/{self._id('plan', plan.issued_on)}": plan for plan in told.planned}
        self.places = {f"placement/{self._id('placement', one.number, one.start)}": one for one in told.placed}

    def run(self) -> Difference:
        for request in self.told.asked:
            self._request(request)
        for about, plan in self.plans.items():
            self._plan(about, plan)
        for about, placed in self.places.items():
            self._placement(about, placed)
        for about in self.standing.keys() - self.plans.keys() - self.places.keys():
            self._not_there(about)
        done = self.words.done
        done.moved = any(about.startswith("placement/") for about in self.standing) and all(
            done.counts[type, NEW] for type in (MADE, ENDED)
        )
        return done

    def _request(self, request: Asked) -> None:
        id = self._id("request", request.received_on)
        facts = self._facts(f"request/{id}")
        # Nothing in it can ever change, so it is dated by itself: every return says it with the same words.
        received = {"request_id": id, "child_ref": self.child_ref, "received_on": request.received_on}
        self.words.main(facts, REQUESTED, received, noon(request.received_on))
        if request.decided is not None:
            day, outcome = request.decided
            self.words.ending(facts, DECIDED, {"request_id": id, "decided_on": day, "outcome": outcome})
        if request.closed is not None:
            said_on, outcome = request.closed
            stands = facts.get(CLOSED)
            if said_on is None and stands is not None and stands.data["outcome"] == outcome:
                said_on = stands.data["closed_on"]
            closed_on = said_on or str(self.saying.reference_date)
            closed = {"request_id": id, "closed_on": closed_on, "outcome": outcome} | _exception(request.excepted)
            self.words.ending(facts, CLOSED, closed)

    def _plan(self, about: str, plan: Planned) -> None:
        facts = self._facts(about)
        id = about.partition("/")[2]
        asked = self._id("request", plan.asked_on) if plan.asked_on else None
        said = {"plan_id": id, "child_ref": self.child_ref, "issued_on": plan.issued_on}
        said |= _given(
            request_id=asked, primary_need=plan.need, year_group=plan.year_group, residential=plan.residential
        )
        said |= _exception(plan.excepted)
        goes_on = plan.full and plan.ceased is None and self.words.take_back(facts, CEASED)
        # A plan of which only the end is told says no needs: it is dated by its issue, and any fuller word outranks it.
        at = self.saying.at if plan.full else noon(plan.issued_on)
        self.words.main(facts, ISSUED, said, at, again=goes_on)
        if plan.ceased is not None:
            day, reason = plan.ceased
            self.words.ending(facts, CEASED, {"plan_id": id, "ceased_on": day, "reason": reason})

    def _placement(self, about: str, placed: Placed) -> None:
        facts = self._facts(about)
        id = about.partition("/")[2]
        plan_id = self._id("plan", placed.plan) if placed.plan else None
        said: Json = {"placement_id": id, "child_ref": self.child_ref, "setting_id": placed.setting_id,
                      "provision": placed.provision, "start_date": placed.start} | _given(plan_id=plan_id)  # fmt: skip
        if placed.left is not None:
            self.words.main(facts, MADE, said, self.saying.at)
            self.words.ending(facts, ENDED, {"placement_id": id, "end_date": placed.left})
            return
        follows = None if self.saying.overtaken(facts) else self._ended_unsaid(placed, plan_id)
        ended = facts.get(ENDED)
        goes_on = not _still_follows(ended, follows) and self.words.take_back(facts, ENDED)
        again = goes_on or self._beside_something_new(about)
        made_at = self.words.main(facts, MADE, said, self.saying.at, again=again)
        if follows is not None:
            self.words.end_that_follows(None if goes_on else ended, id, follows, made_at)

    def _not_there(self, about: str) -> None:
        """What stands of the child and the return has not: ended by what came after it, or reported as absent."""
        kind = about.partition("/")[0]
        facts = self._facts(about)
        main = facts.get(MAIN.get(kind, ""))
        if main is None or not self.saying.comes_after(main):
            return  # a request, which returns drop when it is done; or what this return could not know yet
        ended = facts.get(ENDING[kind])
        if kind == "placement":
            if not self.told.whole:
                return  # it may be the very one that was refused
            follows = self._gone_by(main)
            if follows is not None and (ended is None or ended.inferred):
                self.words.end_that_follows(ended, about.partition("/")[2], follows, main.time)
                return
        if ended is None and main.data.get("end_date") is None:
            self.words.done.absent.append(about)

    def _gone_by(self, gone: Fact) -> str | None:
        """The last day of a placement the return no longer has: by its plan's end, or by what the child went to."""
        days = self._plan_ends(gone.data.get("plan_id"))
        for about, placed in self.places.items():
            new = MADE not in self._facts(about)  # what is known was beside it, or has been weighed already
            if new and _succeeds(placed.start, placed.setting_id, gone.data):
                days.append(_day_before(placed.start))
        return min(days, default=None)

    def _ended_unsaid(self, placed: Placed, plan_id: str | None) -> str | None:
        """The last day of a placement said to go on, where its plan's end or a later return tells otherwise."""
        days = self._plan_ends(plan_id)
        own = {"start_date": placed.start, "setting_id": placed.setting_id}
        for about, facts in self.standing.items():
            made = facts.get(MADE)
            if made is None or about in self.places or self.saying.comes_after(made):
                continue
            if _succeeds(made.data["start_date"], made.data["setting_id"], own):
                days.append(_day_before(made.data["start_date"]))
        return min(days, default=None)

    def _plan_ends(self, plan_id: str | None) -> list[str]:
        """The day a plan ceased, as the later of return and register has it: its placements end by then."""
        if plan_id is None:
            ends = [plan.ceased for plan in self.told.planned]
            return [max(end[0] for end in ends if end)] if ends and all(ends) else []
        about = f"plan/{plan_id}"
        plan, stands = self.plans.get(about), self._facts(about).get(CEASED)
        if plan is not None and (stands is None or self.saying.comes_after(stands)):
            return [plan.ceased[0]] if plan.ceased else []
        return [stands.data["ceased_on"]] if stands else []

    def _beside_something_new(self, about: str) -> bool:
        """Whether the child is also in a place new to the register: then this one is said again, as going on beside it.

        Without that, a still later return without this one could not tell that the new one did not replace it.
        """
        made = self._facts(about).get(MADE)
        new = any(other != about and MADE not in self._facts(other) for other in self.places)
        return new and made is not None and made.time.date() < self.saying.reference_date

    def _facts(self, about: str) -> Facts:
        return self.standing.get(about, {})

    def _id(self, kind: str, *natural: str) -> str:
        return self.saying.key.record_id(kind, self.child_ref, *natural)


def _still_follows(ended: Fact | None, follows: str | None) -> bool:
    """Whether an end that nobody stated holds for a placement this return has as going on.

    Not where it is earlier than any this return allows: what it followed from stands beside the placement here.
    """
    return ended is not None and ended.inferred and follows is not None and ended.data["end_date"] >= follows


def _succeeds(start: str, setting_id: str, gone: Mapping[str, Any]) -> bool:
    """Whether a placement takes the place of one that is gone: it starts then or later, or is at the same setting.

    On the same day it is a school under a new number, at the same setting an entry date put right: then what is gone
    ends before it starts, and costs nothing.
    """
    return bool(start >= gone["start_date"] or setting_id == gone["setting_id"])


def _day_before(day: str) -> str:
    return str(date.fromisoformat(day) - timedelta(days=1))


def _exception(excepted: bool) -> Json:
    return {"exception": "unspecified"} if excepted else {}


def _given(**fields: Any) -> Json:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
