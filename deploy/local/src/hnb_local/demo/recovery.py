"""The demo's recovery plan and one review of it, invented and labelled so, kept as any council keeps its own."""

from importlib import resources

from hnb_local.asking import exchange
from hnb_local.errors import COULD_NOT, CommandFailed
from hnb_local.simulator.leicester import AUTHORITY

BY = "hnb demo"


def written(what: str) -> str:
    """The YAML of the `plan` or the `review`."""
    return resources.files("hnb_local.demo").joinpath(f"recovery-{what}.yaml").read_text(encoding="utf-8")


def keep_plan(ledger_url: str) -> None:
    """The first version and its review, where the data holds none yet."""
    if exchange("ledger", ledger_url, "/recovery/versions", {"authority": AUTHORITY})["plans"]:
        return
    try:
        for what in ("plan", "review"):
            body = {"written": written(what), "name": f"the demo's {what}", "by": BY, "dry_run": False}
            exchange("ledger", ledger_url, f"/recovery/{what}s", {}, body=body)
    except CommandFailed as failure:
        raise CommandFailed(f"The year tied out, but its plan could not be kept: {failure}", COULD_NOT) from None
