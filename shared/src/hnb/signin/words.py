"""What the pages of signing in say: what is so, what to do next, and one link or button to do it with."""

from collections.abc import Iterable
from dataclasses import dataclass

from hnb.signin.cookies import SESSION_HOURS, SIGNING_IN_MINUTES
from hnb.signin.people import Role

SIGN_IN, DONE, SIGN_OUT = "/sign-in", "/sign-in/done", "/sign-out"
NOTICE = "Nobody signs in here: these pages are open to whoever uses this machine, and to no other machine."
_CALLED = {Role.FINANCE: "finance", Role.OFFICER: "officers", Role.PLACEMENTS: "placement staff"}


@dataclass(frozen=True, slots=True)
class Said:
    """One page: heading, paragraphs, and the link `do` to `href`, or a button that posts to it."""

    heading: str
    lines: tuple[str, ...]
    do: str = ""
    href: str = ""
    posts: bool = False


NOT_SET_UP = Said(
    "Signing in is not set up here",
    (
        "This service asks programs for a token, and has no identity provider yet that people could sign in with.",
        "Set HNB_OIDC_ISSUER, HNB_OIDC_CLIENT_ID, HNB_OIDC_CLIENT_SECRET, HNB_SESSION_SECRET, HNB_PUBLIC_URL.",
    ),
)
NOBODY_SIGNS_IN = Said(
    "Nobody signs in here",
    ("These pages are open to whoever uses this machine, so there is nothing to sign in to or out of.",),
    "Go to the start", "/",
)  # fmt: skip
LOST = Said(
    "You are not signed in",
    (
        "This is no answer to a sign-in that this browser has under way.",
        f"One is good once, for {SIGNING_IN_MINUTES} minutes, and where it was begun.",
        "Begin again. If you come back here, allow cookies for this address.",
    ),
    "Sign in", SIGN_IN,
)  # fmt: skip
NOT_OURS = Said(
    "This form cannot be taken",
    (
        "It did not come from a page of yours here, or that page is from before you last signed in. Nothing was saved.",
        "Go back, load the page again, and send it from there.",
    ),
)
SIGN_OUT_NOW = Said(
    "Sign out?", ("Pages you have open in other tabs stay as they are until they are next loaded.",),
    "Sign out", SIGN_OUT, posts=True,
)  # fmt: skip


def signed_out(leaving: str | None) -> Said:
    """Signed out here; `leaving` is where to sign out of the provider as well."""
    here = "You are signed out of this service."
    if leaving is None:
        return Said("You are signed out", (here,), "Sign in", SIGN_IN)
    there = "You are still signed in to your council account. On a machine that others use, sign out there too."
    return Said("You are signed out", (here, there), "Sign out of your council account", leaving)


def over(sign_in: str, *, sent: bool) -> Said:
    """The session has ended, or was none of ours; `sent` where something was to be saved."""
    lost = " What you sent has not been saved: go back afterwards, and send it again." if sent else ""
    return Said("Sign in again", (f"You are signed in for {SESSION_HOURS} hours at a time.{lost}",), "Sign in", sign_in)


def wrong_role(name: str, has: Iterable[Role], wanted: frozenset[Role], sign_in: str) -> Said:
    """Signed in, with no role that opens the page."""
    lines = (
        f"You are signed in as {name}, for {_listed(has)}. This page is for {_listed(wanted)}.",
        "If your work needs it, ask whoever looks after the council's accounts for that role in HNB Ledger.",
        "Then sign in again: roles are read when you sign in.",
    )
    return Said("You cannot see this page", lines, "Sign in again", sign_in)


def no_role(name: str) -> Said:
    """Known to the provider, and to nobody here."""
    lines = (
        f"The council's sign-in knows you as {name}, and gives you no role here.",
        "If your work needs it, ask whoever looks after the council's accounts for one.",
        "They are called finance, officer and placements. Then sign in again.",
    )
    return Said("You have no role here", lines, "Sign in again", SIGN_IN)


def too_many_roles(name: str, count: int) -> Said:
    """More than a cookie holds."""
    lines = (
        f"The council's sign-in gives {name} {count} roles here, more than a browser can keep.",
        "Ask whoever looks after the council's accounts for a role without an authority: it covers all of them.",
    )
    return Said("You have too many roles here", lines, "Sign in again", SIGN_IN)


def not_let_in(sign_in: str) -> Said:
    """The provider refused, or the person turned back."""
    lines = (
        "The council's sign-in did not let you in, or you stopped on the way.",
        "If your work needs HNB Ledger, ask whoever looks after the council's accounts to give yours access to it.",
    )
    return Said("You are not signed in", lines, "Try again", sign_in)


def away(sign_in: str) -> Said:
    """The provider is down, or set up wrongly: the log knows which."""
    lines = (
        "The council's sign-in does not answer as it should, so nobody can be let in for now. Nothing is lost.",
        "Try again in a few minutes. If it stays like this, tell whoever runs HNB Ledger: its log says what is wrong.",
    )
    return Said("Nobody can sign in for now", lines, "Try again", sign_in)


def not_taken(why: str) -> Said:
    """A body that is too long, or broke off."""
    return Said(
        "That could not be taken", (f"{why[:1].upper()}{why[1:]}.", "Nothing was saved. Go back, and send it again.")
    )


def other_address(ours: str) -> Said:
    """Open on loopback, and asked for under a name that is not."""
    lines = ("Nobody signs in here, so these pages are shown under this machine's own address only.",)
    return Said("This address is not ours", lines, f"Open {ours}", ours)


def _listed(roles: Iterable[Role]) -> str:
    held = set(roles)
    return " and ".join(_CALLED[role] for role in Role if role in held)
