"""Whether an event stands is one rule, told twice: in Python for who decides, and in SQL for who reports."""

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from hnb import database
from hnb.service import Service
from hnb.withdrawals import Withdrawal, withdrawn
from tests.cases import LEICESTER

_INSERT = text("""
    INSERT INTO withdrawals (source, id, authority, time, target_source, target_id)
    VALUES (:source, :id, :authority, :time, :target_source, :target_id)
""")
_TAKEN_BACK = text("SELECT taken_back(:authority, :source, :id)")


def test_postgresql_and_python_take_back_the_same_events(service: Service) -> None:
    dice = random.Random(20)
    for case in range(200):
        events = [(f"/case/{case}", "placement"), (f"/case/{case}", "Appeal")]
        names = events + [(f"/case/{case}", name) for name in ("A", "b", "C", "d", "E")]
        found = [
            Withdrawal(name, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=dice.randrange(3)), dice.choice(names))
            for name in names[2:]
        ]
        with database.transaction(service.engine) as connection:
            for (source, id), time, target in ((one.key, one.time, one.target) for one in found):
                row = {"source": source, "id": id, "authority": LEICESTER, "time": time}
                connection.execute(_INSERT, row | {"target_source": target[0], "target_id": target[1]})
            gone = {
                name for name in events
                if connection.scalar(_TAKEN_BACK, {"authority": LEICESTER, "source": name[0], "id": name[1]})
            }  # fmt: skip
        assert gone == withdrawn(found) & set(events), found
