"""The provider, with the people it knows."""

from collections.abc import Iterator

import pytest

from tests.signin.door import LEICESTER
from tests.signin.provider import Provider, running


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running() as up:
        up.knows("ann", name="Ann Okafor", preferred_username="ann.okafor@leicester.example", roles=["finance"])
        up.knows("raj", name="Raj Patel", roles=["placements"])
        up.knows("una", name="Una Byrne", roles=[f"finance:{LEICESTER}", "placements"])
        up.knows("sam", name="Sam Reid", roles=["payroll"])
        yield up


@pytest.fixture(autouse=True)
def honest(provider: Provider) -> Iterator[None]:
    yield
    provider.forge = provider.signs_with = None
