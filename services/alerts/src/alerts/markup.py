"""The HTML of the page of an alert: one heading, real tables, labelled fields, an error summary; all of it escaped."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from alerts.api import AlertDetail, Receipt, Transition
from alerts.domain import condition_words
from alerts.domain.episodes import State
from alerts.domain.evidence import ConditionEvidence
from hnb.calendar import year_label
from hnb.money import pounds

STYLE = """
body{font:1.1875rem/1.5 Arial,sans-serif;color:#0b0c0c;background:#fff;margin:0}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:2rem;line-height:1.2;margin:0 0 1rem}
h2{font-size:1.5rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;width:100%;margin:0 0 1rem}
caption{text-align:left;font-weight:bold;padding:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.4rem 1rem .4rem 0;border-bottom:1px solid #b1b4b6}
td{overflow-wrap:anywhere}
td.figure{text-align:right;white-space:nowrap}
table.figures thead th:last-child{text-align:right}
tbody th{font-weight:normal}
.scroll{overflow-x:auto}
label{display:block;font-weight:bold;margin:1rem 0 .25rem}
.hint{color:#505a5f;margin:0 0 .25rem}
input,textarea{font:inherit;color:inherit;border:2px solid #0b0c0c;padding:.3rem}
input,textarea{width:100%;max-width:32rem;box-sizing:border-box}
button{font:inherit;font-weight:bold;color:#fff;background:#00703c;border:2px solid #00703c}
button{padding:.5rem 1rem;margin-top:1rem}
.state{border-left:.5rem solid #1d70b8;padding:.25rem 1rem;margin:0 0 1rem}
.errors{border:.3rem solid #b10e1e;padding:1rem;margin:0 0 1.5rem}
.errors h2{margin:0}
.error{color:#b10e1e;font-weight:bold;margin:0}
a{color:#1d70b8}
:focus{outline:3px solid #ffdd00;outline-offset:0;box-shadow:0 0 0 5px #0b0c0c}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_MONEY = {
    "value_pence": "What was judged", "threshold_pence": "Threshold", "budget_pence": "Budget",
    "committed_pence": "Committed, still to be paid", "spent_pence": "Spent", "headroom_pence": "Headroom",
    "reserve_closing_pence": "Closing reserve",
}  # fmt: skip
_SAID = {"queued": "waiting to be sent", "sent": "sent", "failed": "could not be delivered"}


def alert_page(alert: AlertDetail, token: str | None, form: Mapping[str, str], faults: Mapping[str, str]) -> str:
    """The whole page. Without a token there is no form on it."""
    title = f"{alert.title}, {year_label(alert.financial_year)}: {_level(alert)}"
    parts = [
        _errors(faults),
        f"<h1>{escape(title)}</h1>",
        f'<p class="state">{_state(alert)}</p>',
        "" if token is None else _form(alert, token, form, faults),
        "<h2>Figures</h2>",
        _figures(alert),
        _drivers(alert),
        "<h2>What happened</h2>",
        _history(alert.transitions),
        "<h2>Who was told</h2>",
        _told(alert.deliveries),
        f"<p>Authority {escape(alert.authority)}, rule {escape(alert.rule)}, alert {escape(alert.id)}.</p>",
    ]
    return document(("Error: " if faults else "") + title, "\n".join(part for part in parts if part))


def notice(title: str, sentence: str) -> str:
    """A page that says one thing."""
    return document(title, f"<h1>{escape(title)}</h1>\n<p>{escape(sentence)}</p>")


def document(title: str, main: str) -> str:
    """A document around what is said."""
    return (
        f'<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} - HNB alerts</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{main}\n</main>\n</body>\n</html>\n"
    )


def _level(alert: AlertDetail) -> str:
    return "resolved" if alert.state is State.RESOLVED else str(alert.severity)


def _state(alert: AlertDetail) -> str:
    if alert.state is State.RESOLVED and alert.resolved_at:
        return f"This alert ended on {moment(alert.resolved_at)}. Nothing needs to be done."
    if alert.acknowledged_by and alert.acknowledged_at:
        note = f" Note: {_lines(alert.note)}" if alert.note else ""
        return f"Acknowledged by {escape(alert.acknowledged_by)} on {moment(alert.acknowledged_at)}.{note}"
    return f"Open since {moment(alert.opened_at)}. Nobody has acknowledged it yet."


def _errors(faults: Mapping[str, str]) -> str:
    if not faults:
        return ""
    items = "".join(f'<li><a href="#{escape(name)}">{escape(words)}</a></li>' for name, words in faults.items())
    return (
        '<div class="errors" role="alert" aria-labelledby="errors-title" tabindex="-1">'
        f'<h2 id="errors-title">There is a problem</h2><ul>{items}</ul></div>'
    )


def _form(alert: AlertDetail, token: str, form: Mapping[str, str], faults: Mapping[str, str]) -> str:
    heading = "Take it over" if alert.acknowledged_by else "Acknowledge this alert"
    # The address is relative, so that it holds behind whatever stands in front of the service.
    return (
        f'<h2>{heading}</h2>\n<form method="post" action="page?token={escape(quote(token))}" novalidate>\n'
        f"{_field('by', 'Your name', 'Others see that you have taken it on.', faults)}"
        f'<input id="by" name="by" type="text" autocomplete="name" maxlength="200" required '
        f'value="{escape(form.get("by", ""))}"{_described("by", faults)}>\n'
        f"{_field('note', 'Note (optional)', 'What you will do, without the name of any child.', faults)}"
        f'<textarea id="note" name="note" rows="4"{_described("note", faults)}>\n'
        f"{escape(form.get('note', ''))}</textarea>\n"
        f'<div><button type="submit">Acknowledge</button></div>\n</form>'
    )


def _field(name: str, label: str, hint: str, faults: Mapping[str, str]) -> str:
    fault = f'<p class="error" id="{name}-error">Error: {escape(faults[name])}</p>\n' if name in faults else ""
    return f'<label for="{name}">{label}</label>\n<p class="hint" id="{name}-hint">{hint}</p>\n{fault}'


def _described(name: str, faults: Mapping[str, str]) -> str:
    if name in faults:
        return f' aria-describedby="{name}-hint {name}-error" aria-invalid="true"'
    return f' aria-describedby="{name}-hint"'


def _figures(alert: AlertDetail) -> str:
    known = moment(alert.evidence.known_at)
    if isinstance(alert.evidence, ConditionEvidence):
        said = f"<p>{escape(condition_words.what(alert.scope, alert.evidence))}</p>"
        rows = condition_words.figures(alert.evidence)
        return said + (_table(f"As said by the owner of the data at {known}", None, rows, figures=True) if rows else "")
    evidence = alert.evidence.model_dump()
    of_line = [(label, pounds(evidence[name])) for name, label in _MONEY.items() if isinstance(evidence.get(name), int)]
    return _table(f"As known to the ledger at {known}", None, of_line, figures=True)


def _drivers(alert: AlertDetail) -> str:
    evidence = alert.evidence.model_dump()
    rows = [(d["commitment_id"], _signed(d["amount_pence"])) for d in evidence.get("drivers") or ()]
    if evidence.get("remainder_pence"):
        rows.append(("others together", _signed(evidence["remainder_pence"])))
    return _table("What moved it", ("Commitment", "Movement"), rows, figures=True) if rows else ""


def _history(transitions: Iterable[Transition]) -> str:
    rows = [
        (moment(t.at), t.change, t.severity, f"{t.by or ''}{': ' if t.by and t.note else ''}{t.note or ''}")
        for t in transitions
    ]
    return _table("Changes, the first on top", ("When", "What", "Level", "By whom"), rows)


def _told(receipts: Iterable[Receipt]) -> str:
    rows = [(r.channel, _SAID[r.state], moment(r.sent_at) if r.sent_at else "", r.reference) for r in receipts]
    if not rows:
        return "<p>Nobody was sent a message.</p>"
    return _table("Messages", ("Recipient", "State", "Sent", "Reference"), rows)


def _table(
    caption: str, heads: tuple[str, ...] | None, rows: Iterable[tuple[object, ...]], *, figures: bool = False
) -> str:
    columns = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads or ())
    head = f"<thead><tr>{columns}</tr></thead>" if heads else ""
    kind = ' class="figure"' if figures else ""
    body = "\n".join(
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td{kind}>{_lines(str(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    opening = '<table class="figures">' if figures else "<table>"
    made = f"{opening}<caption>{escape(caption)}</caption>{head}<tbody>\n{body}\n</tbody></table>"
    return f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0">{made}</div>'


def _lines(words: str) -> str:
    return "<br>".join(escape(line) for line in words.splitlines())


def _signed(pence: int) -> str:
    return f"+{pounds(pence)}" if pence > 0 else pounds(pence)


def moment(at: datetime) -> str:
    """A moment as a person reads it."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
