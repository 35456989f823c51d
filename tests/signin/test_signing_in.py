"""Signing in over HTTP, with a real provider on loopback and a browser's cookies: who is let in, and who is not."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey

from hnb.signin.cookies import Seal
from tests.signin.door import LEICESTER, RUTLAND, SECRET, Clock, guarded, refused, sign_in, way_in
from tests.signin.provider import Provider, running


def test_finance_signs_in_and_comes_to_the_page_that_was_asked_for(provider: Provider) -> None:
    client = guarded(provider)
    answer = sign_in(client, provider, "ann")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/board/{LEICESTER}")
    assert client.get(f"/board/{LEICESTER}").text.startswith("ann ")
    page = client.get("/benchmarks").text
    assert "Signed in as Ann Okafor (ann.okafor@leicester.example)." in page


def test_the_wrong_role_is_told_which_is_asked_for_and_whom_to_ask(provider: Provider) -> None:
    client = guarded(provider)
    sign_in(client, provider, "raj")
    answer = client.get(f"/board/{LEICESTER}")
    refused(answer, 403, "You are signed in as Raj Patel, for placement staff. This page is for finance.")
    assert client.get("/benchmarks").status_code == 200


def test_a_role_for_one_council_opens_no_others_figures_even_beside_a_wider_role(provider: Provider) -> None:
    client = guarded(provider)
    sign_in(client, provider, "una")
    assert client.get(f"/board/{LEICESTER}").status_code == 200
    answer = client.get(f"/board/{RUTLAND}")
    assert answer.status_code == 403
    assert f"Your role here does not cover {RUTLAND}." in answer.text


def test_whoever_has_no_role_here_is_told_what_the_roles_are_called(provider: Provider) -> None:
    client = guarded(provider)
    refused(sign_in(client, provider, "sam"), 403, "They are called finance, officer and placements.")
    assert client.get("/benchmarks").status_code == 303


def test_the_session_is_out_of_reach_of_scripts_and_other_sites_and_holds_no_token(provider: Provider) -> None:
    line = sign_in(guarded(provider), provider, "ann").headers.get_list("set-cookie")[0]
    assert line.startswith("hnb-ledger-session=")
    assert "; Max-Age=28800; Path=/; HttpOnly; SameSite=Lax" in line
    assert "Secure" not in line, "on loopback there is no https"
    assert len(line) < 1_000, "an ID token alone would be longer"


def test_on_https_no_other_host_can_set_the_session(provider: Provider) -> None:
    client = guarded(provider, root="https://ledger.leicester.example")
    line = sign_in(client, provider, "ann").headers.get_list("set-cookie")[0]
    assert line.startswith("__Host-hnb-ledger-session=")
    assert line.endswith("; Secure")
    assert client.get(f"/board/{LEICESTER}").status_code == 200


def test_a_cookie_that_was_changed_or_made_up_opens_nothing(provider: Provider) -> None:
    client = guarded(provider)
    sign_in(client, provider, "raj")
    good = client.cookies["hnb-ledger-session"]
    said, _, signature = good.partition(".")
    for forged in (f"{said}A.{signature}", f"{said}.{signature[:-2]}AA", f"{said}.", "x", "é", said * 90):
        client.cookies.clear()
        answer = client.get("/benchmarks", headers={"cookie": f"hnb-ledger-session={forged}".encode()})
        refused(answer, 401, "Sign in again")


def test_a_cookie_of_another_service_with_the_same_secret_is_none(provider: Provider) -> None:
    content = {"id": "1", "sub": "ann", "name": "Ann", "roles": ["finance"], "until": 2**32}
    for name, status in (("ledger", 200), ("alerts", 401)):
        value = Seal(name, SECRET.encode()).close("session", content)
        client = guarded(provider)
        assert client.get("/benchmarks", headers={"cookie": f"hnb-ledger-session={value}"}).status_code == status


def test_a_session_ends_after_eight_hours_and_the_page_leads_back_to_where_it_was(provider: Provider) -> None:
    clock = Clock()
    client = guarded(provider, clock)
    sign_in(client, provider, "ann")
    clock.ahead = timedelta(hours=8) - timedelta(minutes=1)
    assert client.get(f"/board/{LEICESTER}?line=special").status_code == 200
    clock.ahead = timedelta(hours=8)
    answer = client.get(f"/board/{LEICESTER}?line=special")
    refused(answer, 401, "You are signed in for 8 hours at a time.")
    assert f"/sign-in?next=%2Fboard%2F{LEICESTER}%3Fline%3Dspecial" in answer.text


def test_a_callback_is_good_once_and_in_the_browser_that_set_out(provider: Provider) -> None:
    client = guarded(provider)
    back = way_in(client, provider, "ann", "/benchmarks")
    refused(guarded(provider).get(back), 400, "One is good once")
    way = dict(client.cookies)
    assert client.get(back).status_code == 303
    refused(client.get(back), 400, "One is good once")
    thief = guarded(provider)
    thief.cookies.update(way)
    refused(thief.get(back), 400, "One is good once")  # the provider takes no code twice


def test_a_callback_with_another_state_or_none_is_refused(provider: Provider) -> None:
    client = guarded(provider)
    back = way_in(client, provider, "ann", "/benchmarks")
    code = parse_qs(urlsplit(back).query)["code"][0]
    state = parse_qs(urlsplit(back).query)["state"][0]
    for wrong in ("", state[:-1] + "_", "é;\r\n", "x" * 3_000):
        refused(client.get("/sign-in/done", params={"code": code, "state": wrong}), 400, "You are not signed in")
    assert client.get(back).status_code == 303


def test_a_journey_may_take_ten_minutes(provider: Provider) -> None:
    clock = Clock()
    client = guarded(provider, clock)
    back = way_in(client, provider, "ann", "/benchmarks")
    clock.ahead = timedelta(minutes=10)
    refused(client.get(back), 400, "for 10 minutes")


def test_the_code_is_worth_nothing_without_the_verifier_that_only_the_service_can_make(provider: Provider) -> None:
    client = guarded(provider)
    back = way_in(client, provider, "ann", "/benchmarks")
    before = provider.wrong_verifiers
    stolen = guarded(provider)
    other = stolen.get("/sign-in").headers["location"]
    state = parse_qs(urlsplit(other).query)["state"][0]
    code = parse_qs(urlsplit(back).query)["code"][0]
    refused(stolen.get("/sign-in/done", params={"code": code, "state": state}), 400, "You are not signed in")
    assert provider.wrong_verifiers == before + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another-service"},
        {"exp": 1_700_000_000},
        {"nonce": "of another journey"},
        {"nonce": None},
        {"azp": "another-service"},
        {"iat": 4_000_000_000},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_journey_lets_nobody_in(provider: Provider, wrong: dict[str, object]) -> None:
    provider.forge = lambda claims: {name: value for name, value in {**claims, **wrong}.items() if value is not None}
    client = guarded(provider)
    refused(sign_in(client, provider, "ann"), 400, "You are not signed in")
    assert client.get("/benchmarks").status_code == 303


def test_an_id_token_signed_by_somebody_else_lets_nobody_in(provider: Provider) -> None:
    provider.signs_with = RSAKey.generate_key(2048)
    refused(sign_in(guarded(provider), provider, "ann"), 400, "You are not signed in")


@pytest.mark.parametrize(
    "next",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "/%0d%0aX: y", "/sign-in", "a"],
)
def test_nobody_is_sent_to_another_site(provider: Provider, next: str) -> None:
    client = guarded(provider)
    address = client.get("/sign-in", params={"next": next.replace("%0d%0a", "\r\n")}).headers["location"]
    answer = client.get(provider.sign_in(address, "ann"))
    assert answer.headers["location"] == "/"


def test_whoever_turns_back_at_the_provider_may_try_again(provider: Provider) -> None:
    client = guarded(provider)
    address = client.get(f"/sign-in?next=/board/{LEICESTER}").headers["location"]
    answer = client.get(provider.refuse(address))
    refused(answer, 403, "did not let you in")
    assert f"/sign-in?next=%2Fboard%2F{LEICESTER}" in answer.text


def test_a_fault_of_the_provider_is_a_page_without_its_words(provider: Provider) -> None:
    client = guarded(provider)
    address = client.get("/sign-in").headers["location"]
    state = parse_qs(urlsplit(address).query)["state"][0]
    said = {"error": "server_error", "error_description": "<b>call 0800 SCAM</b>", "state": state}
    answer = client.get("/sign-in/done", params=said)
    refused(answer, 503, "Nobody can sign in for now")
    assert "SCAM" not in answer.text


def test_while_the_provider_is_down_a_page_says_so_and_who_is_in_stays_in() -> None:
    with running() as provider:
        provider.knows("ann", name="Ann Okafor", roles=["finance"])
        client = guarded(provider)
        sign_in(client, provider, "ann")
        waiting = guarded(provider)
        back = way_in(waiting, provider, "ann", "/benchmarks")
    assert client.get(f"/board/{LEICESTER}").status_code == 200
    refused(waiting.get(back), 503, "Try again in a few minutes.")
    refused(guarded(provider).get("/sign-in?next=/benchmarks"), 503, "Nobody can sign in for now")


def test_a_provider_that_calls_itself_otherwise_is_not_asked_for_anybody(provider: Provider) -> None:
    elsewhere = Provider(issuer=provider.issuer.replace("127.0.0.1", "localhost") + "/")
    refused(guarded(elsewhere).get("/sign-in"), 503, "Nobody can sign in for now")


def test_signing_out_takes_a_form_and_ends_the_session_in_this_browser(provider: Provider) -> None:
    client = guarded(provider)
    sign_in(client, provider, "ann")
    asked = client.get("/sign-out")
    assert "Sign out?" in asked.text
    refused(client.post("/sign-out", data={"csrf_token": "made up"}), 403, "This form cannot be taken")
    token = asked.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = client.post("/sign-out", data={"csrf_token": token})
    refused(answer, 200, "You are still signed in to your council account.")
    assert "Signed in as" not in answer.text
    assert client.get("/benchmarks").status_code == 303
    assert "You are signed out" in client.get("/sign-out").text


def test_a_browser_with_several_tabs_finds_its_way_back_in_each(provider: Provider) -> None:
    client = guarded(provider)
    first = way_in(client, provider, "ann", "/benchmarks")
    second = way_in(client, provider, "ann", f"/board/{LEICESTER}")
    assert client.get(first).headers["location"] == "/benchmarks"
    assert client.get(second).headers["location"] == f"/board/{LEICESTER}"
