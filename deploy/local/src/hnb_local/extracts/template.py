"""A mapping to begin with, for every event type: each field, what it holds, and whether it may be left out."""

import textwrap
from collections.abc import Iterator

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.extracts.contract import Group, Kind, Leaf, event_types, fields_of

WIDTH = 110
_HEAD = """\
# Which columns of an extract make up {event}. Put your own columns' names to the right of each =.
# hnb import csv --check THIS_FILE says whether it can be used; all there is to say is in docs/importing.md.
event = "{event}"
# source = "/capita-one/leicester"   # which system the extract comes from; the same one every time
# delimiter = ";"                    # or "tab" or "|"; a comma where not said
# blank = ["NULL", "n/a"]            # words that mean an empty cell
dates = ["YYYY-MM-DD"]               # how dates are written: DD/MM/YYYY, DD-Mon-YY, day-number (Excel's), ...
"""
_MONEY = 'money = "pounds"                     # or "pence"\n'
_YES_NO = 'yes = ["yes", "y", "true", "1"]\nno = ["no", "n", "false", "0"]\n'
_TAIL = """\
# time = "last_changed"              # when each row was last changed; or give --as-of, the day of the extract
# only = [{ column = "status", words = ["Active"] }, { column = "setting", filled = true }]
"""


def template(event: str) -> str:
    """The mapping to begin with. CommandFailed where there is no such event type."""
    if event not in event_types():
        raise CommandFailed(f"There is no event type {event!r:.80}; there are {', '.join(event_types())}.", WRONG_USE)
    group = fields_of(event)
    kinds = {leaf.kind for leaf in group.leaves()}
    head = _HEAD.format(event=event)
    head += _MONEY if kinds & {Kind.PENCE, Kind.SIGNED_PENCE} else ""
    head += _YES_NO if Kind.YES_NO in kinds else ""
    return head + _TAIL + "\n[fields]\n" + "".join(f"{line}\n" for line in _lines(group, needed=True))


def _lines(group: Group, *, needed: bool) -> Iterator[str]:
    for field in group.fields.values():
        said = needed and field.required
        if isinstance(field, Group):
            known = ", or nothing where it is not known" if field.nullable and field.required else ""
            yield f"# {field.path}: {'said together' if field.required else 'may be left out; said together'}{known}"
            yield from _lines(field, needed=said)
        else:
            yield from textwrap.wrap(
                _meaning(field), WIDTH, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False
            )
            yield f"{'' if said else '# '}{_line(field)}"


def _line(leaf: Leaf) -> str:
    column = leaf.path.replace(".", "_").removesuffix("_pence")
    if leaf.many:
        return f'{leaf.path} = {{ column = "{column}", separator = ";" }}'
    return f'{leaf.path} = "{column}"'


def _meaning(leaf: Leaf) -> str:
    said = [f"{leaf.path}: " + (f"one of {', '.join(map(str, leaf.choices))}" if leaf.choices else leaf.kind.value)]
    if leaf.kind is Kind.CHILD and not leaf.many:
        said.append('or { pseudonym = { upn = "UPN" } }, made with --key-file')
    if leaf.choices:
        said.append('local codes: { column = "...", codes = { "your word" = "one of these" } }')
    if not leaf.required:
        said.append("may be left out")
    elif leaf.nullable:
        said.append("blank, or { null = true }, where there is none")
    return "; ".join(said)
