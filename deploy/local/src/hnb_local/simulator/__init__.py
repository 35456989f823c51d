"""A seeded simulator of the synthetic Leicester year 2025-26, as CloudEvents in the order they reach the door."""

from hnb_local.simulator.feed import Delivery, Expected, Feed, leicester_year

__all__ = ["Delivery", "Expected", "Feed", "leicester_year"]
