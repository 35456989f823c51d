"""The page a signed link in a message opens: shown by GET, taken on by POST, and by nobody without a good link."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx
import pytest

from alerts.domain.messages import Message, Table
from alerts.domain.rendering import html
from alerts.links import GOOD_FOR, BadLink, make_token, read_token
from tests.alerts.conftest import Running, Start
from tests.alerts.given import NOON, said
from tests.alerts.mailbox import Mailbox, text_of

SECRET = "a secret of thirty-two characters or more"
ALERT = "E06000016-2025-line-budget-special-1"
KEY = SECRET.encode()
TOKEN = hashlib.sha256(b"token").hexdigest()


class Page(HTMLParser):
    """What a screen reader would look for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all_of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_a_link_is_good_for_a_week_for_one_alert() -> None:
    token = make_token(KEY, ALERT, "Finance", NOON)
    assert read_token(KEY, token, ALERT, NOON + GOOD_FOR - timedelta(seconds=1)) == "Finance"
    with pytest.raises(BadLink, match="expired"):
        read_token(KEY, token, ALERT, NOON + GOOD_FOR)
    with pytest.raises(BadLink, match="another alert"):
        read_token(KEY, token, f"{ALERT}0", NOON)


FORGED: list[Callable[[str], str]] = [
    lambda token: "", lambda token: ".", lambda token: token[:-1], lambda token: token + "A",
    lambda token: "é" + token,
    lambda token: token.partition(".")[0] + ".", lambda token: "." + token.partition(".")[2],
    lambda token: "A" + token[1:], lambda token: token + "A" * 5_000,
    lambda token: make_token(b"x" * 32, ALERT, "F", NOON),
]  # fmt: skip


@pytest.mark.parametrize("forge", FORGED)
def test_a_link_that_was_not_made_here_is_none(forge: Callable[[str], str]) -> None:
    with pytest.raises(BadLink, match="not made here"):
        read_token(KEY, forge(make_token(KEY, ALERT, "Finance", NOON)), ALERT, NOON)
    with pytest.raises(BadLink):
        read_token(b"", make_token(b"", ALERT, "Finance", NOON), ALERT, NOON)


def opened(start: Start, mailbox: Mailbox, **given: str) -> tuple[Running, str]:
    """The service with one alert, and the path of the link in the message about it."""
    service = start(HNB_ALERT_URLS=mailbox.url("finance@leicester.example"), HNB_ALERT_LINK_SECRET=SECRET, **given)
    service.hear(said(1, committed_pence=95_000, drivers=[("PL-<1042>", 95_000)]))
    found = re.search(r"http://\S+", text_of(mailbox.wait_for(lambda m: "Special schools" in m["subject"])))
    assert found is not None
    parts = urlsplit(found.group())
    return service, f"{parts.path}?{parts.query}"


def test_the_link_in_a_message_opens_the_page_and_its_form_acknowledges(start: Start, mailbox: Mailbox) -> None:
    service, link = opened(start, mailbox, HNB_TOKENS=TOKEN)
    assert service.http.get(f"/alerts/{ALERT}").status_code == 401
    for _ in range(3):
        page = service.http.get(link)
    service.http.head(link)
    assert page.status_code == 200
    assert "Nobody has acknowledged it yet" in page.text
    assert "£950.00" in page.text
    assert "PL-&lt;1042&gt;" in page.text
    assert "finance@leicester.example" in page.text
    assert "csrf" not in page.text  # its link is its key

    sent = service.http.post(link, data={"by": " A. Patel ", "note": "first\r\nsecond <b>"})
    assert sent.status_code == 303
    after = service.http.get(str(httpx.URL(str(sent.request.url)).join(sent.headers["location"])))
    assert "Acknowledged by A. Patel" in after.text
    assert "first\nsecond &lt;b&gt;" in after.text
    allowed = {"Authorization": "Bearer token"}
    taken = service.http.get(f"/alerts/{ALERT}", headers=allowed).json()
    assert [(t["change"], t["by"]) for t in taken["transitions"]] == [("opened", None), ("acknowledged", "A. Patel")]
    seen = service.http.get("/views", headers=allowed).json()["views"]
    assert {(view["kind"], view["record"], view["name"]) for view in seen} == {
        ("alert", "PL-<1042>", taken["deliveries"][0]["channel"])
    }


def test_the_page_lets_nothing_in_and_gives_no_cookie(start: Start, mailbox: Mailbox) -> None:
    service, link = opened(start, mailbox)
    answer = service.http.get(link)
    page = Page(answer.text)
    assert page.all_of("script") == page.all_of("img") == []
    labelled = {label["for"] for label in page.all_of("label")}
    assert labelled == {field["id"] for field in page.all_of("input") + page.all_of("textarea")} == {"by", "note"}
    assert len(page.all_of("table")) == len(page.all_of("caption")) > 0
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "set-cookie" not in answer.headers


def test_a_form_without_a_name_comes_back_with_what_was_written_and_where_to_mend_it(
    start: Start, mailbox: Mailbox
) -> None:
    service, link = opened(start, mailbox)
    answer = service.http.post(link, data={"by": "  ", "note": "two places"})
    assert answer.status_code == 422
    page = Page(answer.text)
    assert {"href": "#by"} in page.all_of("a")
    (name,) = page.all_of("input")
    assert name["aria-describedby"] == "by-hint by-error"
    assert "two places</textarea>" in answer.text
    assert "<title>Error: " in answer.text
    assert service.http.get(f"/alerts/{ALERT}").json()["state"] == "open"


def test_bad_links_get_a_page_that_says_so_and_change_nothing(start: Start, mailbox: Mailbox) -> None:
    service, link = opened(start, mailbox)
    for bad in (link[:-1], link.partition("?")[0], link.replace("special-1", "special-2")):
        for method, data in (("GET", None), ("POST", {"by": "A. Patel"})):
            answer = service.http.request(method, bad, data=data)
            assert (answer.status_code, "This link cannot be used" in answer.text) == (403, True)
    assert service.http.post(link, json={"by": "A. Patel"}).status_code == 415
    assert service.http.post(link, data={"by": "A" * 40_000}).status_code == 413
    assert service.http.get(f"/alerts/{ALERT}").json()["state"] == "open"


def test_a_link_out_of_its_time_says_where_the_alert_is_to_be_found(start: Start, mailbox: Mailbox) -> None:
    service, _ = opened(start, mailbox)
    old = make_token(KEY, ALERT, "Finance", datetime.now(UTC) - GOOD_FOR)
    answer = service.http.get(f"/alerts/{ALERT}/page", params={"token": old})
    assert answer.status_code == 403
    assert "This link has expired" in answer.text
    assert f"/inbox/alerts/{ALERT}" in answer.text


def test_without_a_secret_messages_lead_to_the_inbox_and_there_is_no_other_page(start: Start, mailbox: Mailbox) -> None:
    service = start(HNB_ALERT_URLS=mailbox.url("finance@leicester.example"), HNB_TOKENS=TOKEN)
    service.hear(said(1, committed_pence=95_000))
    text = text_of(mailbox.wait_for(lambda m: "Special schools" in m["subject"]))
    assert f"/inbox/alerts/{ALERT}\n" in text
    assert service.http.get(f"/alerts/{ALERT}/page").status_code == 401
    allowed = {"Authorization": "Bearer token"}
    assert service.http.get(f"/alerts/{ALERT}/page", headers=allowed).status_code == 404


def test_an_alert_that_has_ended_has_no_form_any_more(start: Start, mailbox: Mailbox) -> None:
    service, link = opened(start, mailbox)
    service.hear(said(2, committed_pence=0))
    service.wait_for_alert("resolved")
    page = service.http.get(link)
    assert ("<form" in page.text, "Nothing needs to be done" in page.text) == (False, True)
    assert service.http.post(link, data={"by": "A. Patel"}).status_code == 409


def test_html_is_escaped_has_captions_and_row_headers_and_links_with_words() -> None:
    made = html(
        Message("A & B <c>", ("One\nhttps://x.example/?a=1&b=2", Table("What moved it:", (("PL-<1>", "+£1"),))))
    )
    page = Page(made)
    assert (page.all_of("html"), len(page.all_of("h1"))) == ([{"lang": "en-GB"}], 1)
    assert page.all_of("th")[0]["scope"] == "row"
    assert ">What moved it</caption>" in made
    assert "PL-&lt;1&gt;" in made
    assert '<a href="https://x.example/?a=1&amp;b=2">Open this alert</a>' in made
    assert "<title>A &amp; B &lt;c&gt;</title>" in made
