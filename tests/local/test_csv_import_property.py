"""Whatever a naive writer puts into the columns of a template comes back as the same events, of every type."""

import csv
import io
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hnb.events import CASE_EVENTS, Refused, read_event
from hnb_local.cells import is_shortened
from hnb_local.extracts.contract import Group, Kind, Leaf, event_types, fields_of
from hnb_local.extracts.reading import Extract
from hnb_local.extracts.template import template
from tests.local.extracts import feed, mapped, pseudonym

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9/_.:-]{0,12}", fullmatch=True).filter(lambda id: not is_shortened(id))
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(' ,;"£'), min_size=1)
DAYS = st.dates(date(1990, 1, 1), date(2100, 3, 31)).map(date.isoformat)
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.REFERENCE: IDS,
    Kind.CHILD: IDS,
    Kind.TEXT: WORDS.map(str.strip).filter(lambda words: words and not words.startswith("#") and len(words) < 400),
    Kind.DAY: DAYS,
    Kind.PENCE: st.integers(0, 10**12),
    Kind.SIGNED_PENCE: st.integers(-(10**12), 10**12),
    Kind.YEAR: st.integers(1990, 2099),
    Kind.YES_NO: st.booleans(),
}


def values(field: Leaf) -> st.SearchStrategy[Any]:
    """What one item of a field may be."""
    if field.kind is Kind.WHOLE:
        limits = [one for part in field.annotation.__metadata__ for one in getattr(part, "metadata", ())]
        return st.integers(min(one.ge for one in limits if hasattr(one, "ge")),
                           max(one.le for one in limits if hasattr(one, "le")))  # fmt: skip
    return st.sampled_from(field.choices) if field.choices else VALUES[field.kind]


@st.composite
def data_of(draw: st.DrawFn, group: Group) -> dict[str, Any]:
    """The data of an event: every field that must be said, and some of those that may be."""
    data: dict[str, Any] = {}
    for name, field in group.fields.items():
        said = draw(st.booleans())
        if isinstance(field, Group):
            data[name] = draw(data_of(field)) if said or not field.nullable else None
        elif field.required or said:
            one = values(field)
            value = draw(st.lists(one, min_size=1, max_size=3, unique=True) if field.many else one)
            data[name] = None if field.nullable and not said else value
    data = {name: value for name, value in data.items() if value is not None or group.fields[name].required}
    if data.get("per", "week") != "week":
        data.pop("weeks", None)
    if "capacity" not in data:
        data.pop("capacity_from", None)
    if "children" in data and len(data.get("child_refs", ())) > data["children"]:
        data.pop("child_refs")
    for first, then in (("start_date", "end_date"), ("issued_on", "amended_on")):
        if data.get(first) and data.get(then):
            data[first], data[then] = sorted((data[first], data[then]))
    return data


def written(field: Leaf, value: Any) -> str:
    """A value as somebody types it into a spreadsheet."""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if field.kind in (Kind.PENCE, Kind.SIGNED_PENCE):
        return f"{'-' if value < 0 else ''}£{abs(value) // 100:,}.{abs(value) % 100:02d}"
    if field.kind is Kind.YEAR:
        return f"{value}/{(value + 1) % 100:02d}"
    return ";".join(map(str, value)) if field.many else str(value)


def cells_of(group: Group, data: dict[str, Any] | None) -> dict[str, str]:
    """The cells of a row, by the columns the template names."""
    cells: dict[str, str] = {}
    for name, field in group.fields.items():
        value = None if data is None else data.get(name)
        if isinstance(field, Group):
            cells |= cells_of(field, value)
        else:
            column = field.path.replace(".", "_").removesuffix("_pence")
            cells[column] = "" if value is None else written(field, value)
    return cells


def whole_template(event: str) -> str:
    """The template with every field that may be left out said too."""
    head, fields = template(event).split("[fields]\n")
    paths = [field.path for field in fields_of(event).leaves()]
    said = [line.removeprefix("# ") for line in fields.splitlines() if line.removeprefix("# ").split(" =")[0] in paths]
    return f"{head}[fields]\n" + "\n".join(said)


@pytest.mark.parametrize("event", event_types())
@settings(max_examples=10, deadline=None)
@given(drawn=st.data())
def test_what_is_written_by_a_template_comes_back_as_the_same_events(event: str, drawn: st.DataObject) -> None:
    group = fields_of(event)
    mapping = mapped(whole_template(event))
    facts = drawn.draw(st.lists(data_of(group), min_size=1, max_size=3))
    # An empty group that may be left out is left out, and one that must be said is null.
    for data in facts:
        for name, field in group.fields.items():
            if isinstance(field, Group) and not field.required and data.get(name) is None:
                data.pop(name, None)
        assume(_keeps_the_contract(mapping.type, feed(mapping).event("e-1", feed(mapping).now, data)))
    text = io.StringIO()
    rows = [cells_of(group, data) for data in facts]
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "extract.csv"
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
        read = list(Extract(path, mapping, pseudonym).rows())
    assert [row.fact and row.fact.data for row in read] == facts, [row.wrong for row in read]


def _keeps_the_contract(kind: str, event: dict[str, Any]) -> bool:
    try:
        read_event(event, known=CASE_EVENTS, strict=True)
    except Refused:
        return False
    return True
