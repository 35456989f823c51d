"""What comes from outside as bytes, broken in every way: read, or refused in the words meant for it; never more."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from hnb.events import CASE_EVENTS, MAX_EVENT_BYTES, Refused, Unreadable, read_event, read_json
from hnb_local import tariff_csv
from hnb_local.errors import CommandFailed
from hnb_local.payments_csv import PaymentsFile
from hnb_local.sen2.reading import UnusableReturn, open_return
from hnb_local.sen2.records import Fault, Person
from tests import cases
from tests.conftest import scratch_folder
from tests.faults.run import SEED, Figures, times
from tests.local import extracts
from tests.local.sen2_returns import child, written

EXAMPLES = times(500, 20_000)
FOLDERS = times(100, 5_000)  # nine files and a database each
MAX_WORDS = 64 * 1024  # of a refusal
ENOUGH_MEMORY_KIB = 256 * 1024

fuzz = settings(
    max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

VALID = [
    cases.made("PL-1", cases.yearly(66_500), end="2026-03-31"), cases.made("PL-2", None),
    cases.repriced("PL-1", "2025-09-01", cases.yearly(70_000)), cases.ended("PL-1", "2026-01-31"),
    cases.budget("special", 900), cases.reserve(-50), cases.paid("PL-1", 12), cases.lodged(
        sought={"provision": "independent", "cost": cases.yearly(80_000), "start_date": "2025-10-01"}),
    cases.incurred("AP-1", 500), cases.concluded("AP-1"), cases.registered(), cases.issued("P-1", year_group=4),
    cases.granted("G-1", cases.yearly(100), child_refs=["a", "b"], children=3), cases.ceased("P-1", "2026-01-01"),
    cases.commissioned("C-1", 12, cases.yearly(6_000)), cases.contributed("PL-1", cases.yearly(10)),
    cases.requested("R-1", "2025-01-01"), cases.decided("R-1", "2025-02-01"), cases.mediated("M-1", "2025-03-01"),
    cases.withdrawn(cases.made("PL-3")),
]  # fmt: skip
NASTY: list[Any] = [
    None, True, -1, 0.5, 1e308, 2**63, 2**64, -(2**63) - 1, 10**30, "", " ", "\x00", "\ufeff", "\u202e", "é" * 300,
    "x" * 70_000, [], {}, [[]], {"": ""}, "2025-02-30", "0000-00-00", "+275760-09-13", "9999-12-31",
    "2025-11-03T24:00:00Z", "1e5", "NaN", "E06000016\n",
    "H801200001001", "\ud800", {"$ref": "#"}, "'; DROP TABLE inbox; --", "=cmd()",
]  # fmt: skip
RAW = [
    b"NaN", b"-Infinity", b"1e400", b'"\\ud800"', b'"\\udc00\\ud800"', b"\xff\xfe", b"[" * 2_000, b'{"a":' * 2_000,
    b"9" * 5_000, b'"\\u0000"', b"\xed\xa0\x80", b"// no", b"'", b",", b"\x00", b"\xef\xbb\xbf",
]  # fmt: skip


def in_bounded_words(refusal: Exception) -> None:
    """Short enough for a log, an answer and a table, and a text that UTF-8 can hold."""
    assert 0 < len(str(refusal).encode()) < MAX_WORDS


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield path
    inside: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from places(one, (*path, key))


def instead(new: Any, _: Any) -> Any:
    return new


def with_changed(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_changed(copy[path[0]], path[1:], change)
    return copy


@st.composite
def broken_events(draw: st.DrawFn) -> bytes:
    """A good event with values of other kinds in it, fields gone, added or said twice; and then perhaps its bytes."""
    value: Any = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from(list(places(value))))
        how = draw(st.sampled_from(["replace", "any", "more", "nest"]))
        if how == "more":
            value = with_changed(
                value, place, lambda v: {**v, draw(st.text(max_size=20)): 1} if isinstance(v, dict) else v
            )
        elif how == "nest":
            value = with_changed(value, place, lambda v: [v])
        else:
            new = draw(st.sampled_from(NASTY)) if how == "replace" else draw(JSON_VALUES)
            value = with_changed(value, place, partial(instead, new))
    raw = json.dumps(value, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        raw = draw(broken(raw))
    return raw


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def broken(draw: st.DrawFn, raw: bytes) -> bytes:
    """Bytes flipped, cut out, cut off, said twice, or something that has no business there."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        match draw(st.sampled_from(["flip", "drop", "cut", "twice", "put", "any"])):
            case "flip" if at < len(raw):
                raw = raw[:at] + bytes([raw[at] ^ draw(st.integers(1, 255))]) + raw[at + 1 :]
            case "drop":
                raw = raw[:at] + raw[at + draw(st.integers(1, 40)) :]
            case "cut":
                raw = raw[:at]
            case "twice":
                raw = raw[:at] + raw[max(0, at - draw(st.integers(1, 200))) :]
            case "put":
                raw = raw[:at] + draw(st.sampled_from(RAW)) + raw[at:]
            case _:
                raw = raw[:at] + draw(st.binary(max_size=20)) + raw[at:]
    return raw


@seed(SEED)
@fuzz
@given(raw=broken_events(), strict=st.booleans())
@example(raw=b'{"a": 1, "a": 2}', strict=True)
@example(raw=b"[" * 500_000, strict=True)
@example(raw=b'{"type":' * 100_000, strict=False)
def test_an_event_is_read_or_refused_in_bounded_words(raw: bytes, strict: bool) -> None:
    try:
        event = read_event(read_json(raw), known=CASE_EVENTS, strict=strict)
    except (Unreadable, Refused) as refusal:
        in_bounded_words(refusal)
        return
    assert len(event.body.encode()) <= MAX_EVENT_BYTES
    assert "\x00" not in event.source + event.id + event.authority
    again = read_event(orjson.loads(event.body), known=CASE_EVENTS, strict=strict)
    assert again == event
    assert again.digest == event.digest


PAYMENTS = (
    b"payment_id,commitment_id,financial_year,paid_on,amount\n"
    b'PAY-1,PL-1,2025,2025-10-31,"1,234.56"\nPAY-2,PL-2,2025-26,2025-11-30,\xc2\xa3500\nPAY-1,PL-1,2025,2025-10-31,1\n'
)
TARIFF = (
    b"Academic year,Provision,Setting ID,Band,Amount,Per,Weeks\n"
    b'2025,special,SET-1,A,"21,000.00",year,\n2025-26,independent,,,1500,week,39\n2025,special,SET-1,A,1,year,\n'
)
EXTRACT = (extracts.HEADER + 'PL-1,c-1,SET-1,SS,01/09/2025,,"£21,000.00"\nPL-2,c-2,SET-2,Unit,NULL,x,1e5\n').encode()


def read_payments(folder: Path, raw: bytes) -> None:
    path = folder / "payments.csv"
    path.write_bytes(raw)
    for row in PaymentsFile(path).rows():
        assert (row.payment is None) == bool(row.wrong)


def read_tariff(folder: Path, raw: bytes) -> None:
    path = folder / "tariff.csv"
    path.write_bytes(raw)
    found = tariff_csv.read(path)
    assert all(price["amount_pence"] >= 0 for price in found.prices)
    assert all(found.faults)


def read_extract(folder: Path, raw: bytes) -> None:
    for row in extracts.rows_of(folder, raw):
        assert (row.fact is None) <= bool(row.wrong)


@pytest.mark.parametrize(
    ("read", "good"), [(read_payments, PAYMENTS), (read_tariff, TARIFF), (read_extract, EXTRACT)],
    ids=["payments", "tariff", "extract"],
)  # fmt: skip
def test_a_csv_file_is_read_row_by_row_or_refused(read: Callable[[Path, bytes], None], good: bytes) -> None:
    with scratch_folder() as folder:

        @seed(SEED)
        @fuzz
        @given(raw=broken(good))
        @example(raw=b"\xff\xfe\x00")
        @example(raw=b'"' * 100_001)
        @example(raw=b"," * 500_000 + b"\n1")
        def once(raw: bytes) -> None:
            try:
                read(folder, raw)
            except CommandFailed as refusal:
                in_bounded_words(refusal)

        read(folder, good)
        once()


@contextmanager
def good_return(form: str) -> Iterator[tuple[Path, dict[Path, bytes]]]:
    with scratch_folder() as folder:
        path = written(folder, [child(), child(surname="Ó Briain", upn="H801200001002")], form)
        yield path, {file: file.read_bytes() for file in ([path] if path.is_file() else sorted(path.iterdir()))}


@pytest.mark.parametrize("form", ["xml", "blade"])
def test_a_return_is_refused_before_anybody_in_it_is_taken_or_read_to_its_end(form: str, figures: Figures) -> None:
    with good_return(form) as (path, files):

        @seed(SEED)
        @settings(fuzz, max_examples=FOLDERS if form == "blade" else EXAMPLES)
        @given(data=st.data())
        def once(data: st.DataObject) -> None:
            file = data.draw(st.sampled_from(sorted(files)))
            file.write_bytes(data.draw(broken(files[file])))
            try:
                check_return(path)
            finally:
                file.write_bytes(files[file])

        check_return(path)
        once()
    figures.add(f"SEN2 returns as {form}, broken and read", FOLDERS if form == "blade" else EXAMPLES)


def check_return(path: Path) -> None:
    try:
        opened = open_return(path)
        found = opened.__enter__()
    except UnusableReturn as refusal:
        in_bounded_words(refusal)
        return
    try:  # nothing is refused as a whole from here on: somebody was handed over already
        everybody = list(found.persons)
    finally:
        opened.__exit__(None, None, None)
    assert len(everybody) == found.total
    assert all(isinstance(one, Person) or all(isinstance(fault, Fault) for fault in one) for one in everybody)


HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
MEGABYTE = 1 << 20
BOMBS: dict[str, Callable[[], Iterator[bytes]]] = {
    "billion laughs": lambda: iter([HEAD + b'<!DOCTYPE m [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"&a;" * 10) for n in range(12))
        + b"]><Message>&a11;</Message>"]),
    "external entity": lambda: iter([
        HEAD + b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><Message><Header>&x;</Header></Message>']),
    "external document type": lambda: iter([HEAD + b'<!DOCTYPE m SYSTEM "http://127.0.0.1:9/x.dtd"><Message/>']),
    "deep": lambda: iter([HEAD, *[b"<Message>" * 100_000] * 60]),
    "attribute": lambda: iter([HEAD, b'<Message a="', *[b"x" * MEGABYTE] * 100]),
    "attributes": lambda: iter([HEAD, b"<Message ", b" ".join(b'a%d="1"' % n for n in range(2_000_000)), b">"]),
    "text": lambda: iter([HEAD, b"<Message><Header><Collection>", *[b"x" * MEGABYTE] * 100]),
    "comment": lambda: iter([HEAD, b"<!--", *[b"x" * MEGABYTE] * 100]),
    "names": lambda: iter([HEAD, b"<Message>", b"".join(b"<n%d/>" % n for n in range(1_000_000))]),
    "records": lambda: iter([HEAD, b"<Message><SEN2><Persons><Person>", b"<Requests/>" * 1_000_000]),
    "zero bytes": lambda: iter([b"\x00" * MEGABYTE] * 60),
}  # fmt: skip
_READ = """
import re, sys
from pathlib import Path
from hnb_local.sen2.reading import UnusableReturn, open_return
try:
    with open_return(Path(sys.argv[1])) as opened:
        print(sum(1 for _ in opened.persons))
except UnusableReturn as refusal:
    print(str(refusal)[:500], file=sys.stderr)
    # Not what getrusage says: that begins with the memory of whoever started this.
    print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
    sys.exit(3)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(name: str, figures: Figures) -> None:
    with scratch_folder() as folder:
        path = folder / "return.xml"
        with path.open("wb") as file:
            file.writelines(BOMBS[name]())
        done = subprocess.run(
            [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)),
        )  # fmt: skip
    assert done.returncode == 3, done.stderr[-2000:]
    assert not re.search(r"root:|daemon:", done.stderr)
    figures.add(f"SEN2 bomb, {name}: memory of the reader, MiB", int(done.stdout) // 1024, "under 256")
    assert int(done.stdout) < ENOUGH_MEMORY_KIB
