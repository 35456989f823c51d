"""The chances and the figures of the fault tests, here too."""

from tests.faults.conftest import figures, rng

__all__ = ["figures", "rng"]
