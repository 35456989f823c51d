"""What case systems send while things break: histories of many authorities, out of order, some of it twice."""

import random
from itertools import count

import orjson

from tests.cases import Json
from tests.ledger.histories import history
from tests.ledger.test_convergence import at

REPEATED = 0.05
_rounds = count(1)


def feed(rng: random.Random, events: int, authorities: int = 10) -> list[Json]:
    """At least so many different events of so many authorities that nobody heard of before, shuffled, with repeats."""
    year = next(_rounds)
    names = [f"E{(year * 10_000 + n) % 10**8:08d}" for n in range(authorities)]
    found: list[Json] = []
    for number in count():
        if len(found) >= events:
            break
        found += at(names[number % authorities], _own(number, history(rng.getrandbits(40))))
    arrivals = found + rng.sample(found, k=int(len(found) * REPEATED))
    rng.shuffle(arrivals)
    return arrivals


def _own(number: int, events: list[Json]) -> list[Json]:
    """The same history about placements, appeals and children of its own, beside others at one authority."""
    written = orjson.dumps(events).decode()
    for prefix in ("PL-", "AP-"):
        written = written.replace(f'"{prefix}', f'"{prefix}{number}-')
    for child in ("c1", "c2"):
        written = written.replace(f'"{child}"', f'"{child}-{number}"')
    moved: list[Json] = orjson.loads(written)
    return moved
