"""Forms that change something are taken from our own pages only, signed in or open on loopback."""

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from hnb.signin.guard import for_programs
from tests.signin.door import LEICESTER, TABLE, TOKEN, Clock, guarded, refused, service, sign_in
from tests.signin.provider import Provider

BOARD = f"/board/{LEICESTER}"
OURS = {"origin": "http://127.0.0.1:8002", "sec-fetch-site": "same-origin"}


def token_of(client: TestClient) -> str:
    return str(client.get(BOARD).text.split()[1])


@pytest.fixture
def finance(provider: Provider) -> TestClient:
    client = guarded(provider)
    sign_in(client, provider, "ann")
    return client


@pytest.fixture
def at_home() -> TestClient:
    return service(Clock())


@pytest.mark.parametrize("mode", ["finance", "at_home"])
def test_a_form_of_ours_is_taken_and_the_page_reads_it_whole(mode: str, request: pytest.FixtureRequest) -> None:
    client = request.getfixturevalue(mode)
    form = {"csrf_token": token_of(client), "note": "agreed with £5,000 & Ms O'Hara"}
    answer = client.post(BOARD, data=form, headers=OURS)
    assert answer.status_code == 200, answer.text
    assert answer.text.endswith(" wrote agreed with £5,000 & Ms O'Hara")


@pytest.mark.parametrize("mode", ["finance", "at_home"])
@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"note": "x"}, {}),
        ({"note": "x", "csrf_token": ""}, {}),
        ({"note": "x", "csrf_token": "é"}, {}),
        ({"note": "x", "csrf_token": ["{token}", "{token}"]}, {}),
        ({"note": "x", "csrf_token": "{token}"}, {"origin": "https://evil.example"}),
        ({"note": "x", "csrf_token": "{token}"}, {"origin": "null"}),
        ({"note": "x", "csrf_token": "{token}"}, {"origin": "http://127.0.0.1:8003"}),
        ({"note": "x", "csrf_token": "{token}"}, {"sec-fetch-site": "cross-site"}),
        ({"note": "x", "csrf_token": "{token}"}, {"sec-fetch-site": "same-site"}),
        ({"note": "x", "csrf_token": "{token}"}, {"content-type": "text/plain"}),
    ],
    ids=str,
)
def test_any_other_is_refused_with_a_page(
    mode: str, form: dict[str, str | list[str]], headers: dict[str, str], request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(mode)
    token = token_of(client)
    filled = {
        name: [one.format(token=token) for one in ([value] if isinstance(value, str) else value)]
        for name, value in form.items()
    }
    refused(client.post(BOARD, data=filled, headers={**OURS, **headers}), 403, "This form cannot be taken")


def test_the_token_of_another_session_is_refused_and_so_is_that_of_ones_own_last(provider: Provider) -> None:
    one, other = guarded(provider), guarded(provider)
    sign_in(one, provider, "ann")
    sign_in(other, provider, "una")
    of_another, of_before = token_of(other), token_of(one)
    one.cookies.clear()
    sign_in(one, provider, "ann")
    for token in (of_another, of_before):
        refused(one.post(BOARD, data={"note": "x", "csrf_token": token}, headers=OURS), 403, "from before you last")


def test_at_home_the_token_of_another_browser_is_refused(at_home: TestClient) -> None:
    token_of(at_home)
    other = token_of(service(Clock()))
    refused(at_home.post(BOARD, data={"note": "x", "csrf_token": other}, headers=OURS), 403, "cannot be taken")


def test_a_form_sent_after_the_session_ended_is_not_saved_and_leads_back(provider: Provider) -> None:
    client = guarded(provider)
    came_from = {**OURS, "referer": f"http://127.0.0.1:8002{BOARD}"}
    answer = client.post(BOARD, data={"note": "x"}, headers=came_from)
    refused(answer, 401, "What you sent has not been saved")
    assert f"/sign-in?next=%2Fboard%2F{LEICESTER}" in answer.text


def test_a_form_that_is_too_long_is_refused_before_it_is_read_whole(finance: TestClient) -> None:
    refused(finance.post(BOARD, data={"note": "x" * 70_000}, headers=OURS), 413, "larger than 65536 bytes")


def test_a_bearer_token_opens_no_page_and_a_session_no_json(finance: TestClient, provider: Provider) -> None:
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert guarded(provider).get(BOARD, headers=bearer).status_code == 303
    assert finance.get("/positions").status_code == 401
    assert finance.get("/positions", headers=bearer).json()["title"] == "The position"


def test_what_answers_programs_among_the_pages_stays_theirs(finance: TestClient) -> None:
    assert service(Clock()).post("/board/plans", json={}).status_code == 200
    assert finance.post("/board/plans", json={}).status_code == 401
    assert finance.post("/board/plans", json={}, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_an_address_for_programs_that_could_be_a_page_stops_the_start() -> None:
    router = APIRouter()
    router.add_api_route("/board/{authority}/figures", lambda authority: authority)
    with pytest.raises(ValueError, match="authority}/figures answers programs"):
        for_programs(TABLE, [router])
