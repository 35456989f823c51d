"""Two ledgers one can get for nothing, recording commitments: `eventsourcing` and `django-hordak`, both on PostgreSQL.

Runs by itself, in an environment of its own (`make bench` makes .venv/rivals from rivals.lock), and knows nothing of
ours. Standard input is a JSON list of commitments: [about, authority, [[year, line, kind, pence, first, last], ...]].
Each rival is given prices already reckoned, writes no balances and says nothing to anybody. Answers on standard output
with the commitments a second, one at a time and 500 at a time.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

Commitment = tuple[str, str, list[list[Any]]]
Record = Callable[[Sequence[Commitment]], None]
AT_ONCE = 500


def with_eventsourcing(url: str) -> Record:
    """One aggregate a commitment, created with its schedule: one stored event."""
    at = urlsplit(url)
    os.environ |= {
        "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_DBNAME": at.path[1:], "POSTGRES_PORT": str(at.port),
        "POSTGRES_HOST": at.hostname or "", "POSTGRES_USER": at.username or "", "POSTGRES_PASSWORD": at.password or "",
    }  # fmt: skip
    from eventsourcing.application import Application
    from eventsourcing.domain import Aggregate, event

    class Placement(Aggregate):  # type: ignore[misc]
        @event("Made")  # type: ignore[untyped-decorator]
        def __init__(self, about: str, authority: str, schedule: list[list[Any]]) -> None:
            self.about, self.authority, self.schedule = about, authority, schedule

    application: Any = Application()

    def record(commitments: Sequence[Commitment]) -> None:
        application.save(*(Placement(*one) for one in commitments))

    return record


def with_hordak(url: str) -> Record:
    """One transaction a commitment, two legs a posting, on accounts made beforehand; all of a batch in bulk."""
    import django
    from django.conf import settings

    at = urlsplit(url)
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "djmoney", "hordak"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.postgresql", "NAME": at.path[1:], "HOST": at.hostname,
                        "PORT": at.port, "USER": at.username, "PASSWORD": at.password}
        },
        DEFAULT_CURRENCY="GBP", CURRENCIES=["GBP"], HORDAK_INTERNAL_CURRENCY="GBP", USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )  # fmt: skip
    django.setup()
    from django.core.management import call_command
    from django.db import transaction
    from hordak.models import Account, AccountType, Leg, Transaction
    from moneyed import Money

    call_command("migrate", verbosity=0)
    accounts: dict[tuple[int, str, str], Any] = {}

    def account(year: int, line: str, place: str) -> Any:
        key = (year, line, place)
        if key not in accounts:
            name = f"{line} {year} {place}"
            accounts[key] = Account.objects.create(name=name, type=AccountType.asset, code=str(len(accounts)))
        return accounts[key]

    def record(commitments: Sequence[Commitment]) -> None:
        with transaction.atomic():
            made = Transaction.objects.bulk_create(Transaction(description=about) for about, _, _ in commitments)
            legs = []
            for one, (_, _, postings) in zip(made, commitments, strict=True):
                for year, line, _, pence, _, _ in postings:
                    amount = Money(Decimal(pence) / 100, "GBP")
                    legs.append(Leg(transaction=one, account=account(year, line, "headroom"), credit=amount))
                    legs.append(Leg(transaction=one, account=account(year, line, "committed"), debit=amount))
            Leg.objects.bulk_create(legs)

    return record


def pace(record: Record, commitments: Sequence[Commitment], size: int) -> float:
    rest = iter(commitments)
    start = time.perf_counter()
    while some := list(islice(rest, size)):
        record(some)
    return len(commitments) / (time.perf_counter() - start)


def main() -> None:
    name, url = sys.argv[1:]
    record = {"eventsourcing": with_eventsourcing, "hordak": with_hordak}[name](url)
    commitments = json.load(sys.stdin)
    few = len(commitments) // 10
    record(commitments[:few])  # what is only done once is not counted
    singly, together = commitments[few : 2 * few], commitments[2 * few :]
    json.dump({"one at a time": pace(record, singly, 1), "500 at a time": pace(record, together, AT_ONCE)}, sys.stdout)


if __name__ == "__main__":
    main()
