"""One commitment and one line explained, now and as they were known at a past moment."""

from datetime import UTC, datetime

from tests.cases import commissioned, contributed, granted, incurred, lodged, made, paid, repriced, withdrawn, yearly
from tests.ledger.asking import Asking
from tests.ledger.conftest import Books

FULL = {"start": "2025-04-01", "end": "2026-03-31"}


def test_a_commitment_as_it_was_known_then(books: Books) -> None:
    ask = Asking(books)
    books.take(made("PL-1", yearly(10_000), **FULL))
    then = datetime.now(UTC).isoformat()
    price = repriced("PL-1", "2025-04-01", yearly(20_000))
    books.take(price, paid("PL-1", 5_000))
    now, past = ask("/commitments/PL-1"), ask("/commitments/PL-1", known_at=then)
    assert [cell["amount_pence"] for cell in now["schedule"]] == [2_000_000, 500_000]
    assert [cell["amount_pence"] for cell in past["schedule"]] == [1_000_000]
    assert (len(past["events"]), len(past["postings"])) == (1, 1)
    assert (
        past["explanation"][-1]
        == "2025-26: 1 April 2025 to 31 March 2026, 365 of 365 days, at £10,000.00 a year: £10,000.00."
    )
    assert past["segments"][0]["cost"]["amount_pence"] == 1_000_000
    books.take(withdrawn(price))
    books.settle()
    assert ask("/commitments/PL-1")["schedule"][0]["amount_pence"] == 1_000_000
    assert ask.refused("/commitments/PL-1", known_at="2020-01-01T00:00:00Z") == 404
    assert ask.refused("/commitments/PL-2") == 404


def test_every_kind_of_commitment_explains_every_penny(books: Books) -> None:
    books.take(
        made("PL-1", yearly(50_000), **FULL), contributed("PL-1", yearly(20_000)), paid("PL-1", 40_000),
        made("PL-2", None, **FULL), granted("G-1", {"amount_pence": 480_000, "per": "once"}),
        commissioned("K-1", 10, yearly(10_000)), commissioned("K-2", 10, yearly(10_000), paid_by="dfe"),
        lodged("AP-1", expected=6_056, sought={"provision": "independent", "cost": yearly(73_000),
                                               "start_date": "2026-01-01"}),
        incurred("AP-1", 2_000), contributed("PL-2", yearly(900_000), contribution="CO-2"),
    )  # fmt: skip
    books.settle()
    ask = Asking(books)
    words = {id: ask(f"/commitments/{id}")["explanation"] for id in ("PL-1", "PL-2", "G-1", "K-1", "K-2", "AP-1")}
    assert words["PL-1"][2:] == [
        "2025-26: 1 April 2025 to 31 March 2026, health contributes £20,000.00 a year: −£20,000.00.",
        "Paid £40,000.00 on 31 October 2025 for 2025-26.",
        "2025-26: £10,000.00 is paid beyond what is due, and stays out of the position.",
    ]
    assert "provisional: no price yet, the line's mean" in words["PL-2"][1]
    assert words["PL-2"][-1].startswith("2025-26: contributions pay for no more than it costs")
    assert words["K-1"][-1].endswith("at £10,000.00 a year x 10 places: £100,000.00.")
    assert words["K-2"][-1] == "Paid by the Department for Education: shown, and not committed."
    assert "2025-26: still expected beyond the costs incurred: £4,056.00." in words["AP-1"]
    for id in words:
        one = ask(f"/commitments/{id}")
        for kinds in (("commitment", "provisional"), ("payment",), ("exposure",)):
            said = sum(step["amount_pence"] for step in one["steps"] if step["kind"] in kinds)
            assert said == sum(cell["amount_pence"] for cell in one["schedule"] if cell["kind"] in kinds), (id, kinds)


def test_a_line_lists_what_makes_it_up_and_pages_sum_to_it(books: Books) -> None:
    books.take(*(made(f"PL-{i}", yearly(1_000 + i), **FULL) for i in range(5)), paid("PL-1", 400))
    books.take(made("PL-9", yearly(7), provision="independent", **FULL))
    ask = Asking(books)
    page = ask("/commitments", line="special", limit=2)
    assert [share["commitment_id"] for share in page["commitments"]] == ["PL-0", "PL-1"]
    assert page["commitments"][1]["spent_pence"] == 40_000
    books.take(made("PL-00", yearly(9), **FULL))
    shares = ask.pages("/commitments", "commitments", line="special", limit=2, known_at=page["known_at"])
    assert sum(share["committed_pence"] for share in shares) == page["total"]["committed_pence"] == 501_000 - 40_000
    assert ask.refused("/commitments", line="nonsense") == 422


def test_payments_stand_once_for_every_commitment_that_claims_them(books: Books) -> None:
    first, second = paid("PL-1", 5, "PAY-1"), paid("PL-1", 6, "PAY-1", time="2025-06-01T00:00:00Z")
    moved = paid("PL-2", 6, "PAY-1")
    books.take(first, second, moved, paid("PL-2", 9, "PAY-2"))
    ask = Asking(books)
    listed = ask("/payments", payment_id=["PAY-1", "PAY-3"], commitment_id=["PL-1", "PL-2"])
    assert [(p["commitment_id"], p["amount_pence"], len(p["events"])) for p in listed["payments"]] == [
        ("PL-1", 600, 2), ("PL-2", 600, 1),
    ]  # fmt: skip
    assert listed["unknown_commitments"] == ["PL-1", "PL-2"]
    books.take(withdrawn(second), made("PL-2", yearly(1), **FULL))
    listed = ask("/payments", payment_id=["PAY-1"], commitment_id=["PL-1", "PL-2"])
    assert [p["amount_pence"] for p in listed["payments"]] == [500, 600]
    assert listed["unknown_commitments"] == ["PL-1"]
