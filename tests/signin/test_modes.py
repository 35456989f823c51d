"""Open on loopback, guarded without a provider, or signed in: what each mode shows, and which settings go together."""

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hnb.bearer import token_hash
from hnb.settings import ServiceSettings
from hnb.signin.people import Grant, Role, grants_of, own_path, person_on, roles_for
from tests.signin.door import LEICESTER, RUTLAND, SECRET, SERVERS, TABLE, TOKEN, Clock, guarded, refused, service
from tests.signin.provider import Provider

TOKENS = token_hash(TOKEN).hex()
WHOLE = {
    "oidc_issuer": "https://login.example/tenant/v2.0", "oidc_client_id": "hnb", "oidc_client_secret": "shh",
    "session_secret": SECRET, "public_url": "https://ledger.leicester.example", "tokens": TOKENS,
}  # fmt: skip


def test_open_on_loopback_every_page_says_that_it_is() -> None:
    client = service(Clock())
    assert client.get(f"/board/{LEICESTER}").text.startswith("loopback ")
    page = client.get("/benchmarks").text
    assert "Nobody signs in here: these pages are open to whoever uses this machine" in page
    assert "Signed in as" not in page
    assert client.get("/positions").status_code == 200


def test_open_on_loopback_a_name_that_another_site_leads_here_opens_nothing() -> None:
    client = service(Clock())
    refused(client.get("/benchmarks", headers={"host": "rebound.example:8002"}), 421, "own address only")
    for name in ("localhost:8002", "[::1]:8002", "127.0.0.1"):
        assert client.get("/benchmarks", headers={"host": name}).status_code == 200, name


def test_with_tokens_and_no_provider_a_page_says_what_to_set() -> None:
    client = service(Clock(), tokens=TOKENS)
    for address in ("/benchmarks", "/sign-in", "/sign-in/done", "/sign-out"):
        answer = client.get(address)
        assert answer.status_code == 403, address
        for name in ("HNB_OIDC_ISSUER", "HNB_OIDC_CLIENT_ID", "HNB_OIDC_CLIENT_SECRET", "HNB_SESSION_SECRET"):
            assert name in answer.text
    assert client.get("/benchmarks", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 403


def test_public_pages_are_open_in_every_mode_and_set_no_cookie(provider: Provider) -> None:
    for client in (service(Clock()), service(Clock(), tokens=TOKENS), guarded(provider)):
        answer = client.get("/public")
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers


def test_where_nobody_signs_in_the_addresses_of_signing_in_say_so() -> None:
    client: TestClient = service(Clock())
    for address in ("/sign-in", "/sign-in/done?state=x&code=y", "/sign-out"):
        refused(client.get(address), 200, "Nobody signs in here")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"oidc_client_id": ""}, "needs HNB_OIDC_CLIENT_ID too"),
        ({"session_secret": "", "public_url": ""}, "needs HNB_SESSION_SECRET, HNB_PUBLIC_URL too"),
        ({"session_secret": "short"}, "is shorter than 32 characters"),
        ({"oidc_issuer": ""}, "but HNB_OIDC_ISSUER is not"),
        ({"tokens": ""}, "without HNB_TOKENS whatever the pages show stays open as JSON"),
        ({"oidc_issuer": "http://login.example"}, "HNB_OIDC_ISSUER is not https"),
        ({"public_url": "http://ledger.example"}, "HNB_PUBLIC_URL is not https"),
        ({"public_url": "https://leicester.example/ledger"}, "HNB_PUBLIC_URL has a path"),
        ({"oidc_issuer": "login.example"}, "oidc_issuer"),
    ],
    ids=str,
)
def test_settings_that_do_not_go_together_are_refused_in_one_sentence(change: dict[str, str], says: str) -> None:
    assert ServiceSettings.model_validate(SERVERS | WHOLE).oidc_client_id == "hnb"
    with pytest.raises(ValidationError) as refusal:
        ServiceSettings.model_validate(SERVERS | WHOLE | change)
    assert refusal.value.error_count() == 1
    assert says in str(refusal.value)
    assert "shh" not in str(refusal.value)


def test_roles_are_read_from_a_list_or_a_text_and_other_words_mean_nothing() -> None:
    wanted = {Grant(Role.FINANCE, LEICESTER), Grant(Role.OFFICER)}
    assert grants_of(["finance:E06000016", "officer", "Finance", "payroll", "finance:", "officer:*", 7, None]) == wanted
    assert grants_of("finance:E06000016, officer payroll") == wanted
    no_words: list[object] = [None, 7, {}, {"finance": True}, [], ""]
    for nothing in no_words:
        assert grants_of(nothing) == frozenset()


def test_a_role_gives_the_authorities_it_was_given_for_and_no_other_role_its_own() -> None:
    grants = grants_of(["finance:E06000016", "finance:E06000017", "placements"])
    finance = person_on("una", "Una", grants, frozenset({Role.FINANCE}))
    assert finance is not None
    assert finance.authorities == frozenset({LEICESTER, RUTLAND})
    assert not finance.may_see("E06000018")
    either = person_on("una", "Una", grants, frozenset({Role.FINANCE, Role.PLACEMENTS}))
    assert either is not None
    assert either.authorities is None
    assert person_on("una", "Una", grants, frozenset({Role.OFFICER})) is None


def test_a_page_is_found_by_whole_parts_of_its_address() -> None:
    assert roles_for(TABLE, "/board") == ("/board", frozenset({Role.FINANCE}))
    assert roles_for(TABLE, "/board/E06000016/2025") == ("/board", frozenset({Role.FINANCE}))
    for other in ("/boardroom", "/Board", "//board", "/", "", "/positions", "/x/board"):
        assert roles_for(TABLE, other) is None
    start = {"/": frozenset({Role.OFFICER}), "/inbox": None, "/inbox/closed": frozenset({Role.OFFICER})}
    assert roles_for(start, "/inbox/closed/7") == ("/inbox/closed", frozenset({Role.OFFICER}))
    assert roles_for(start, "/inbox/7") == ("/inbox", None)
    assert roles_for(start, "/") == ("/", frozenset({Role.OFFICER}))
    assert roles_for(start, "/alerts") is None
    under = {"/tribunals/": frozenset({Role.PLACEMENTS})}
    assert roles_for(under, "/tribunals/E06000016") == ("/tribunals/", frozenset({Role.PLACEMENTS}))
    assert roles_for(under, "/tribunals") is None, "the route of that name is no page"


@settings(deadline=None, max_examples=500)
@given(st.text(st.sampled_from("/\\.:@?#%aé\r\n\t \x00-"), max_size=12))
def test_where_to_go_on_to_never_leads_away(asked: str) -> None:
    path = own_path(asked)
    assert path in (asked, "/")
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isprintable()
    assert " " not in path
