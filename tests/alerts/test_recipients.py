"""The file of recipients: who hears what, and what is wrong with it said by field and without a secret."""

from base64 import b64encode
from pathlib import Path

import pytest

from alerts.mail import MailChannel
from alerts.notify import NotifyChannel
from alerts.recipients import BadRecipients, read_recipients
from alerts.webhooks import WebhookChannel
from tests.alerts.given import LEICESTER
from tests.alerts.test_settings import start

SECRET = "whsec_" + b64encode(b"hunter2 hunter2 hunter2 hunter2").decode()
KEY = "hnb-test-11111111-2222-3333-4444-555555555555-66666666-7777-8888-9999-000000000000"
GOOD = """
recipients:
  - name: Finance
    roles: [finance]
    url: mailto://127.0.0.1?from=hnb@leicester.example&to=finance@leicester.example
  - name: Placements
    roles: [placements, tribunals]
    digest: daily
    authorities: [E06000016]
    notify: {template_id: 11111111-2222-3333-4444-555555555555, to: p@leicester.example, api_key_env: NOTIFY_KEY}
  - name: Case system
    roles: [operators]
    webhook: {url: "https://cases.example/hooks/hunter2", secret_file: hook.secret}
fallback: Case system
"""


def written(folder: Path, text: str) -> Path:
    (folder / "hook.secret").write_text(f"{SECRET}\n")
    file = folder / "recipients.yaml"
    file.write_text(text)
    return file


def test_everyone_hears_what_their_roles_and_authorities_say(tmp_path: Path) -> None:
    people = read_recipients(written(tmp_path, GOOD), {"NOTIFY_KEY": KEY})
    assert [type(c) for c in people.channels.values()] == [MailChannel, NotifyChannel, WebhookChannel]
    assert people.named(["finance"], LEICESTER) == ["Finance"]
    assert people.named([], LEICESTER) == ["Finance", "Placements", "Case system"]
    assert people.named(["tribunals", "finance"], LEICESTER) == ["Finance", "Placements"]
    assert people.named(["tribunals", "finance"], LEICESTER, critical=False) == ["Finance"]
    assert people.named(["tribunals"], LEICESTER, critical=False) == []
    assert people.named(["tribunals"], "E06000001") == ["Case system"], "nobody else would know of it"
    assert list(people.digests()) == ["Placements"]
    assert "hunter2" not in repr(people)
    assert SECRET not in repr(people)
    assert KEY not in repr(people)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("roles: [finance]", "roles: []"), "recipients.0.roles: "),
        (("roles: [finance]", "rolls: [finance]"), "recipients.0.rolls: is not a field of this file"),
        (("digest: daily", "digest: hourly"), "recipients.1.digest: "),
        (("E06000016", "Leicester"), "recipients.1.authorities.0: "),
        (("fallback: Case system", "fallback: Nobody"), "fallback: is not the name of a recipient"),
        (("name: Placements", "name: Finance"), "the name Finance is given twice"),
        (("url: mailto:", "url: nope:"), "recipients.0.url: holds something that is no complete Apprise URL"),
        (("secret_file: hook.secret", "secret_file: none"), "recipients.2.webhook.secret_file: none cannot"),
        (("secret_file: hook.secret", "secret_env: NONE"), "recipients.2.webhook.secret: the variable NONE is empty"),
        ((", secret_file: hook.secret", ""), "recipients.2.webhook.secret: give one of secret_file and secret_env"),
        (("secret_file: hook.secret", "secret_env: NOTIFY_KEY"), "recipients.2.webhook.secret: does not start"),
        (("https://cases.example", "ftp://cases.example"), "recipients.2.webhook.url: "),
        (("api_key_env: NOTIFY_KEY", "api_key_file: hook.secret"), "recipients.1.notify.api_key: is no API key"),
        (("    url: mailto", "    uri: mailto"), "recipients.0.uri: is not a field of this file"),
        (("recipients:", "recipients: ["), "is not YAML at line"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_field_and_without_a_secret(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    file = written(tmp_path, GOOD.replace(*change))
    with pytest.raises(BadRecipients) as refused:
        read_recipients(file, {"NOTIFY_KEY": KEY})
    said = str(refused.value)
    assert said.startswith(str(file))
    assert complaint in said
    assert not [secret for secret in ("hunter2", SECRET, KEY) if secret in said]


def test_a_service_with_bad_recipients_ends_with_2(tmp_path: Path) -> None:
    ended = start(HNB_ALERT_RECIPIENTS=str(tmp_path / "none.yaml"))
    assert ended.returncode == 2
    assert f"HNB_ALERT_RECIPIENTS: {tmp_path}/none.yaml cannot be read: No such file or directory." in ended.stderr


def test_a_service_told_of_two_lists_or_a_short_secret_ends_with_2(tmp_path: Path) -> None:
    both = start(HNB_ALERT_RECIPIENTS=str(tmp_path), HNB_ALERT_URLS="json://h.example")
    assert both.returncode == 2
    assert "HNB_ALERT_URLS and HNB_ALERT_RECIPIENTS both say" in both.stderr
    short = start(HNB_ALERT_LINK_SECRET="hunter2")
    assert (short.returncode, "hunter2" in short.stderr) == (2, False)
    assert "HNB_ALERT_LINK_SECRET is shorter than 32 characters" in short.stderr
