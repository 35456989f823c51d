"""`hnb demo`: the whole system on one machine, and a synthetic Leicester year played through its door."""

from hnb_local.demo.command import EXAMPLE, demo

__all__ = ["EXAMPLE", "demo"]
