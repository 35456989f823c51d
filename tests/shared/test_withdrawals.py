"""Events taken back, and taking back taken back."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hnb.withdrawals import Withdrawal, withdrawn

EVENT = ("/case", "placement")


def _at(hours: int, name: str, target: tuple[str, str]) -> Withdrawal:
    return Withdrawal(("/case", name), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours), target)


def test_a_withdrawn_event_is_gone() -> None:
    assert withdrawn([_at(1, "w1", EVENT)]) == {EVENT}


def test_a_withdrawn_withdrawal_brings_the_event_back() -> None:
    first, second = _at(1, "w1", EVENT), _at(2, "w2", ("/case", "w1"))
    assert withdrawn([first, second]) == {("/case", "w1")}
    assert withdrawn([first, second, _at(3, "w3", ("/case", "w2"))]) == {EVENT, ("/case", "w2")}


def test_one_of_two_withdrawals_is_enough() -> None:
    assert EVENT in withdrawn([_at(1, "w1", EVENT), _at(2, "w2", ("/case", "w1")), _at(3, "w3", EVENT)])


def test_two_that_withdraw_each_other_are_settled_by_the_later() -> None:
    early, late = _at(1, "w1", ("/case", "w2")), _at(2, "w2", ("/case", "w1"))
    assert withdrawn([early, late]) == withdrawn([late, early]) == {("/case", "w1")}


@given(st.permutations([_at(i, f"w{i}", ("/case", f"w{i - 1}") if i else EVENT) for i in range(6)]))
def test_the_order_of_arrival_does_not_matter(order: list[Withdrawal]) -> None:
    assert withdrawn(order) == {("/case", "w4"), ("/case", "w2"), ("/case", "w0")}
