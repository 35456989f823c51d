"""Histories drawn from a seed: a few commitments with many facts about each, so that the rules meet one another.

Drawn evenly and not by Hypothesis, whose lists stay short and whose choices stay near the first; it draws the seeds.
"""

import random

from tests.cases import (
    Json,
    budget,
    concluded,
    contributed,
    ended,
    incurred,
    lodged,
    made,
    paid,
    repriced,
    reserve,
    withdrawn,
    yearly,
)  # fmt: skip

PERIODS = ("year", "academic-year", "term", "week", "once")


def history(seed: int) -> list[Json]:
    """Up to twenty-odd events about two placements, an appeal and the budgets, some of them withdrawn."""
    rng = random.Random(seed)

    def time() -> Json:
        return {"time": f"2025-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}T09:00:00Z"}

    def day(first: int = 2024, last: int = 2026) -> str:
        edges = ("04-01", "03-31", "02-28", "09-01", "08-31", "12-31", "01-01")
        any_day = f"{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return f"{rng.randint(first, last)}-{rng.choice(edges) if rng.random() < 0.3 else any_day}"

    def cost() -> Json | None:
        if rng.random() < 0.2:
            return None
        per = rng.choice(PERIODS)
        weeks = {"weeks": rng.randint(38, 52)} if per == "week" and rng.random() < 0.5 else {}
        return {"amount_pence": rng.randint(0, 9_000_000), "per": per, **weeks}

    def fact(placement: str) -> Json:
        match rng.randint(0, 9):
            case 0:
                return _made(placement)
            case 1 | 2 | 3:
                return repriced(placement, day(), cost(), **time())
            case 4:
                return ended(placement, day(2024, 2028), **time())
            case 5 | 6:
                return paid(placement, rng.randint(1, 60_000), f"PAY-{placement}-{rng.randint(1, 2)}",
                            rng.randint(2024, 2027), **time())  # fmt: skip
            case 7:
                return contributed(placement, cost() or yearly(9_000), f"CO-{rng.randint(1, 2)}", **time())
            case 8:
                return budget(rng.choice(("special", "independent")), rng.randint(0, 99_999), **time())
            case _:
                return reserve(rng.randint(-99_999, 99_999), **time())

    def _made(placement: str) -> Json:
        start = day()
        end = None if rng.random() < 0.5 else max(start, day(2024, 2028))
        line, child = rng.choice(("special", "independent")), rng.choice(("c1", "c2"))
        return made(placement, cost(), start, end, line, child, **time())

    events = [_made("PL-1"), _made("PL-2")][: rng.randint(1, 2)]
    events += [fact(rng.choice(("PL-1", "PL-1", "PL-2"))) for _ in range(rng.randint(1, 16))]
    if rng.random() < 0.4:
        events.append(lodged("AP-1", rng.randint(0, 9_000), child=rng.choice(("c1", "c2")), **time()))
        events += [incurred("AP-1", rng.randint(0, 6_000), f"C-{n}", **time()) for n in range(rng.randint(0, 2))]
        events += [concluded("AP-1", **time())] if rng.random() < 0.3 else []
    taken_back = [withdrawn(event) for event in rng.sample(events, k=min(len(events), rng.randint(0, 3)))]
    return [*events, *taken_back, *(withdrawn(one, time="2026-05-01T09:00:00Z") for one in taken_back[:1])]
