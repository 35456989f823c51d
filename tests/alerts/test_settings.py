"""Wrong rules and wrong channels: one clear sentence, and status 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from alerts.channels import Channel, open_channels
from alerts.rulebook import BadRules, read_rules
from alerts.settings import AlertsSettings

SERVERS = {"HNB_DATABASE_URL": "postgresql://a@127.0.0.1:1/a", "HNB_BROKER_URL": "redis://127.0.0.1:1/0"}


def start(**given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "alerts"], env=SERVERS | given, capture_output=True, text=True, timeout=60
    )


def test_a_service_with_bad_rules_names_the_field_and_ends_with_2(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules:\n- {id: line, kind: line-budget, warning_percent: 90, critical_percent: all}\n")
    ended = start(HNB_ALERT_RULES=str(rules))
    assert ended.returncode == 2
    assert ended.stderr.strip() == (
        f"alerts cannot start: HNB_ALERT_RULES: {rules}: rules.0.critical_percent: Input should be a valid integer; "
        "rules.0.recovery_points: is missing."
    )


def test_a_service_with_a_bad_channel_says_which_without_its_secret_and_ends_with_2() -> None:
    ended = start(HNB_ALERT_URLS="mailto://127.0.0.1?from=a@b.example&to=c@b.example,nope://hunter2@x")
    assert ended.returncode == 2
    assert ended.stderr.strip() == (
        "alerts cannot start: HNB_ALERT_URLS holds something that is no complete Apprise URL (number 2, nope://…)."
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rules: [{", "is not YAML at line 1"),
        ("rules: 3", "rules: Input should be a valid list"),
        ("rules: [{kind: gut-feeling}]", "rules.0: Input tag 'gut-feeling'"),
        (
            "rules: [{id: a, kind: line-budget, warning_percent: 90, critical_percent: 90, recovery_points: 2}]",
            "rules.0: critical_percent must be above warning_percent",
        ),
        (
            "rules: [{id: a, kind: line-budget, warning_percent: 1, critical_percent: 2, recovery_points: 0, hue: r}]",
            "rules.0.hue: is not a field of this rule",
        ),
        ("rules: [{id: a, kind: reserve-plan, recovery_pence: 1.5, plans: []}]", "rules.0.recovery_pence"),
    ],
)
def test_rules_that_mean_nothing_are_refused_by_field(tmp_path: Path, text: str, complaint: str) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(text)
    with pytest.raises(BadRules) as refused:
        read_rules(rules)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_rules_that_are_not_there_are_refused() -> None:
    with pytest.raises(BadRules, match="cannot be read: No such file"):
        read_rules(Path("/nowhere/rules.yaml"))


def test_each_url_is_one_recipient() -> None:
    with pytest.raises(ValueError, match=r"a URL with 2 recipients \(number 1, mailto://…\)"):
        open_channels("mailto://127.0.0.1?from=a@b.example&to=c@b.example,d@b.example")


def test_a_channel_shows_who_is_told_and_never_a_secret() -> None:
    channels = open_channels(
        "mailtos://hnb:hunter2-pw@mail.example:587?from=a@b.example&to=finance@b.example,"
        " jsons://user:hunter2-pw@hooks.example/hunter2-path?token=hunter2-query, slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazk"
    )
    assert len(channels) == 3
    assert all("hunter2" not in name and "TIiajkdnlazk" not in name for name in channels)
    assert list(channels)[:2] == ["finance@b.example by mailtos://mail.example", "jsons://hooks.example"]
    hook: Channel = channels["jsons://hooks.example"]
    said = hook.masked("no answer from https://user:hunter2-pw@hooks.example/hunter2-path?token=hunter2-query")
    assert "hunter2" not in said


def test_two_hooks_of_one_server_are_two_channels() -> None:
    assert list(open_channels("json://h.example/one,json://h.example/two")) == [
        "json://h.example",
        "json://h.example (2)",
    ]


def test_empty_settings_are_unset_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SERVERS | {"HNB_ALERT_URLS": "", "HNB_ALERT_RULES": "", "HNB_PUBLIC_URL": ""}).items():
        monkeypatch.setenv(name, value)
    settings = AlertsSettings()
    assert (settings.alert_urls, settings.alert_rules, settings.link_root) == (None, None, "http://127.0.0.1:8003")
