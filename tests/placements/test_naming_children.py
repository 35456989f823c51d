"""A child has one pseudonym, whichever return or extract names it, and however much of it each one says."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from hnb_local.errors import CommandFailed
from hnb_local.extracts import pseudonyms
from hnb_local.extracts.pseudonyms import Children
from hnb_local.sen2.pseudonym import Key
from hnb_local.sen2.records import Person, Where
from tests.cases import LEICESTER, Json, issued

BATCH = {"content-type": "application/cloudevents-batch+json"}
ADA, BORN = "N820001216001", date(2014, 3, 14)
Register = Callable[..., None]


@pytest.fixture
def key(tmp_path: Path) -> Key:
    Key.write_new(tmp_path / "council.key")
    return Key.read(tmp_path / "council.key")


@pytest.fixture
def register(door: TestClient, monkeypatch: pytest.MonkeyPatch) -> Register:
    """`register(refs)`: a register whose plans are of these children, asked in this process and a page a plan."""

    def ask(service: str, url: str, path: str, query: Json) -> Json:
        answer = door.get(path, params=query | {"limit": 1})
        assert answer.status_code == 200, answer.text
        said: Json = answer.json()
        return said

    def standing(*refs: str) -> None:
        plans = [issued(f"P-{number}", child=ref) for number, ref in enumerate(refs)]
        assert door.post("/events", json=plans, headers=BATCH).status_code == 200

    monkeypatch.setattr(pseudonyms, "ask", ask)
    return standing


def in_a_return(key: Key, upn: str | None, surname: str, forename: str) -> str:
    """The pseudonym that the SEN2 import gives a child nobody has named before."""
    return key.child_ref(key.identity(Person(Where("x", 1), surname, forename, BORN, upn, None, None, ())))


def test_an_extract_gives_a_child_the_pseudonym_a_return_gives(key: Key) -> None:
    assert Children(key, None, LEICESTER).make(ADA, "Okafor", "Ada", BORN) == in_a_return(key, ADA, "Okafor", "Ada")


def test_a_child_is_known_by_upn_or_by_name_and_birth_date(key: Key, register: Register) -> None:
    ada = in_a_return(key, ADA, "Okafor", "Ada")
    register(ada, in_a_return(key, None, "Hussain", "Bilal"))
    children = Children(key, "http://127.0.0.1:1", LEICESTER)
    assert children.make(ADA, "", "", None) == ada
    assert children.make(ADA, "Okafor-Smith", "Ada", BORN) == ada, "who married keeps the UPN"
    assert children.make("", "O'KAFOR", "Áda", BORN) == ada, "however it is written"
    assert children.make("", "Hussain", "Bilal", BORN) == in_a_return(key, None, "Hussain", "Bilal")
    assert children.make("R820001216003", "Hussain", "Bilal", BORN) == in_a_return(key, None, "Hussain", "Bilal")


def test_two_upns_are_two_children_though_they_share_a_name(key: Key, register: Register) -> None:
    twins = [in_a_return(key, upn, "Khan", "Noor") for upn in (ADA, "R820001216003")]
    register(*twins)
    children = Children(key, "http://127.0.0.1:1", LEICESTER)
    assert [children.make(upn, "Khan", "Noor", BORN) for upn in (ADA, "R820001216003")] == twins
    assert children.make("V820001216005", "Khan", "Noor", BORN) not in twins
    assert children.make("", "Khan", "Noor", BORN) not in twins, "which of them is not known"


def test_rows_of_one_extract_that_say_more_and_less_of_a_child_are_of_one_child(key: Key) -> None:
    children = Children(key, None, LEICESTER)
    first = children.make("", "Okafor", "Ada", BORN)
    assert children.make(ADA, "Okafor", "Ada", BORN) == first
    assert children.make(ADA, "", "", None) == first


def test_another_key_is_refused_before_every_child_is_new(key: Key, register: Register, tmp_path: Path) -> None:
    register(in_a_return(key, ADA, "Okafor", "Ada"))
    Key.write_new(tmp_path / "other.key")
    assert os.stat(tmp_path / "other.key").st_mode & 0o077 == 0
    with pytest.raises(CommandFailed, match="named with another key"):
        Children(Key.read(tmp_path / "other.key"), "http://127.0.0.1:1", LEICESTER)


def test_other_sources_pseudonyms_are_left_alone(key: Key, register: Register) -> None:
    register("7f3a9c")
    assert Children(key, "http://127.0.0.1:1", LEICESTER).make(ADA, "", "", None).startswith("sen2-")
