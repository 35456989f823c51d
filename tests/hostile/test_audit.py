"""What the audit of the dependencies makes of what pip-audit found, and of what it could not find."""

from typing import Any

from tests.hostile.audit import UNREACHED, verdict

WELL = {"name": "orjson", "version": "3.13.0", "vulns": []}
PASSED_OVER = {"name": "hnb", "skip_reason": "Dependency not found"}


def vulnerable(*fixed: str) -> dict[str, Any]:
    return {"name": "werkzeug", "version": "3.1.9", "vulns": [{"id": "GHSA-1", "fix_versions": list(fixed)}]}


def test_nothing_looked_at_is_not_called_well() -> None:
    assert verdict([PASSED_OVER, PASSED_OVER]) == ([UNREACHED], 0)
    assert verdict([]) == ([UNREACHED], 0)


def test_a_vulnerable_release_fails_and_says_where_it_is_mended() -> None:
    sentences, status = verdict([WELL, vulnerable("3.2"), PASSED_OVER])
    assert status == 1
    assert sentences[0] == "werkzeug 3.1.9: GHSA-1; mended in 3.2."
    assert sentences[1].startswith("1 of 3 dependencies")
    assert verdict([vulnerable()])[0] == ["werkzeug 3.1.9: GHSA-1; mended in none yet."]


def test_a_clean_lock_is_said_with_how_much_was_looked_at() -> None:
    assert verdict([WELL, WELL]) == (["No advisory names one of the 2 releases looked at."], 0)
