"""A SEN2 return as XML: read in any encoding and spelling, and refused whole where it is cut off or an attack."""

import re
import time
from pathlib import Path

import pytest

from hnb_local.errors import WRONG_USE
from hnb_local.sen2.raw import UnusableReturn
from hnb_local.sen2.reading import open_return
from hnb_local.sen2.records import Person
from tests.local.sen2_returns import child, faults_of, placed, read_all, requested, written

HEADER = (
    "<Header><CollectionDetails><Collection>SEN2</Collection><Year>2026</Year><ReferenceDate>2026-01-15"
    "</ReferenceDate></CollectionDetails><Source><LEA>856</LEA></Source></Header>"
)
DECLARED = '<?xml version="1.0" encoding="utf-8"?>'
ZOE = (
    "<Person>\n<Surname>Thistlewood</Surname>\n<Forename>Zoë</Forename>\n<PersonBirthDate>2012-03-05</PersonBirthDate>"
    "\n</Person>"
)


def xml(tmp_path: Path, persons: str = ZOE, *, header: str = HEADER, before: str = DECLARED + "\n") -> Path:
    """A return in a file: its declaration on line 1, the persons from line 4 on."""
    path = tmp_path / "return.xml"
    path.write_text(f"{before}<Message>\n{header}\n<Persons>{persons}</Persons>\n</Message>\n", encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UnusableReturn) as refused, open_return(path) as opened:
        list(opened.persons)
    assert refused.value.status == WRONG_USE
    return str(refused.value)


def test_the_header_says_which_return_it_is(tmp_path: Path) -> None:
    with open_return(xml(tmp_path)) as opened:
        assert (opened.collection, opened.year, opened.lea, opened.form, opened.total) == (
            "SEN2",
            2026,
            "856",
            "xml",
            1,
        )
        assert opened.reference_date.isoformat() == "2026-01-15"


def test_a_prefix_a_wrapper_and_capitals_change_nothing(tmp_path: Path) -> None:
    (plain,) = read_all(written(tmp_path, [child()], "xml"))
    text = (tmp_path / "return.xml").read_text()
    text = re.sub(r"<(/?)(\w+)>", lambda tag: f"<{tag[1]}s:{tag[2].upper()}>", text)
    text = text.replace("<s:PLACEMENTDETAIL>", "<s:Details><s:PLACEMENTDETAIL>")
    text = text.replace("</s:PLACEMENTDETAIL>", "</s:PLACEMENTDETAIL></s:Details>")
    (tmp_path / "other.xml").write_text(text.replace("<s:MESSAGE>", '<s:MESSAGE xmlns:s="urn:dfe">'))
    assert read_all(tmp_path / "other.xml") == [plain]
    assert isinstance(plain, Person)
    assert plain == child()


@pytest.mark.parametrize(
    ("declared", "encoding", "read_as"),
    [
        ("utf-8", "utf-8", "utf-8"), ("utf-8", "utf-8-sig", "utf-8"), ("utf-16", "utf-16", "utf-16"),
        ("windows-1252", "cp1252", "windows-1252"), ("iso-8859-1", "latin-1", "iso-8859-1"),
        ("utf-8", "cp1252", "cp1252"), (None, "cp1252", "cp1252"), (None, "utf-8", "utf-8"),
    ],
)  # fmt: skip
def test_a_name_with_an_accent_is_read_in_any_encoding_even_one_that_is_wrongly_declared(
    tmp_path: Path, declared: str | None, encoding: str, read_as: str
) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    path = xml(tmp_path, before=declaration)
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    with open_return(path) as opened:
        assert opened.encoding == read_as
        (zoe,) = opened.persons
    assert isinstance(zoe, Person)
    assert zoe.forename == "Zoë"


def test_a_file_cut_off_anywhere_is_refused_with_its_last_line_before_anybody_is_handed_over(tmp_path: Path) -> None:
    whole = written(tmp_path, [child(), child(upn=None)], "xml").read_bytes()
    path = tmp_path / "cut.xml"
    for end in [*range(0, len(whole) - 2, 61), len(whole) - 3]:
        path.write_bytes(whole[:end])
        handed_over: list[object] = []
        with pytest.raises(UnusableReturn) as refused, open_return(path) as opened:
            handed_over.extend(opened.persons)
        assert not handed_over
        line = whole[:end].count(b"\n") + 1
        assert f"cut.xml, line {line}, XML: is cut off" in str(refused.value)


BOMB = (
    '<!DOCTYPE Message [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("bcdefghi", "cdefghij", strict=True))
    + "]>\n"
)


@pytest.mark.parametrize(
    ("attack", "person"),
    [
        (BOMB, "<Person><Surname>&j;</Surname></Person>"),
        (
            f'<!DOCTYPE Message [<!ENTITY q "{"A" * 100_000}">]>\n',
            f"<Person><Surname>{'&q;' * 10_000}</Surname></Person>",
        ),
        ('<!DOCTYPE Message [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n', "<Person><Surname>&x;</Surname></Person>"),
        ('<!DOCTYPE Message SYSTEM "http://127.0.0.1:1/return.dtd">\n', ZOE),
        ('<!DOCTYPE Message [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]>\n', ZOE),
        ("<!DOCTYPE Message>\n", ZOE),
    ],
    ids=["billion laughs", "quadratic", "external entity", "external subset", "parameter entity", "empty"],
)
def test_a_document_type_is_refused_before_any_of_it_is_read(tmp_path: Path, attack: str, person: str) -> None:
    started = time.monotonic()
    said = refusal(xml(tmp_path, person, before=f"{DECLARED}\n{attack}"))
    assert "return.xml, line 2, DOCTYPE: declares a document type" in said
    assert "root:" not in said
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("persons", "said"),
    [
        ("<Person>\n<Surname>O&nbsp;Neill</Surname></Person>", "line 5, XML: names an entity"),
        ("<Person>\n<Surname>Hill & Dale</Surname></Person>", "line 5, XML: is not well-formed XML"),
        ("<Person>\n<Surname>Hill</Forename></Person>", "line 5, XML: is not well-formed XML (mismatched tag)"),
        ("<Person>\n<Person></Person></Person>", "line 5, person: a Person stands inside another"),
        ("\n<Requests></Requests>", "line 5, requests: stands outside every Person"),
        ("<x>" * 40 + "</x>" * 40, "elements stand more than 32 deep"),
        ("".join(f"<e{n}/>" for n in range(600)), "more than 500 different elements"),
        ("".join(f'<e x{n}="1"/>' for n in range(600)), "more than 500 different attributes"),
        (f"<Person><Surname>{'A' * 200_000}</Surname></Person>", "one element holds more than 10,000 characters"),
        (f"<Person>{'<Requests/>' * 2_001}</Person>", "one person has more than 2,000 records"),
        (f"<!-- {'A' * 2_000_000} -->", "one tag or comment is longer than 1,048,576 bytes"),
    ],
)
def test_what_is_no_return_is_refused_with_its_line(tmp_path: Path, persons: str, said: str) -> None:
    assert said in refusal(xml(tmp_path, persons))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "collection, year, referencedate, lea: missing"),
        (HEADER.replace("SEN2", "CIN"), "collection: is no SEN2 return"),
        (HEADER.replace("<LEA>856</LEA>", ""), "lea: missing"),
        (HEADER.replace("856", "85"), "lea: is no authority's number"),
        (HEADER.replace("2026-01-15", "15/1/26"), "referencedate: has a year of two digits"),
        (HEADER.replace("<Year>2026", "<Year>MMXXVI"), "line 3, year: is no year"),
        (HEADER.replace("<Year>2026", f"<Year>{9:0<5000}"), "line 3, year: is no year"),
    ],
)
def test_a_return_that_does_not_say_what_it_is_is_refused(tmp_path: Path, header: str, said: str) -> None:
    assert said in refusal(xml(tmp_path, header=header))


def test_a_file_that_is_not_there_or_is_something_else_is_one_sentence(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refusal(tmp_path / "nowhere.xml")
    (tmp_path / "return.zip").write_bytes(b"PK")
    assert "is neither an .xml file nor a folder" in refusal(tmp_path / "return.zip")
    (tmp_path / "empty.xml").write_bytes(b"")
    assert "is cut off" in refusal(tmp_path / "empty.xml")
    assert "encoding: says an encoding that is not known" in refusal(
        xml(tmp_path, before='<?xml version="1.0" encoding="klingon"?>')
    )


def test_what_stands_in_the_wrong_place_or_twice_is_a_fault_of_that_person_and_the_others_are_read(
    tmp_path: Path,
) -> None:
    wrong = "<Person><Surname>Hill</Surname><Surname>Dale</Surname><UPN>H801200001001</UPN>\n<SENneed/></Person>"
    path = xml(tmp_path, wrong + ZOE)
    assert faults_of(path) == [
        "return.xml, line 5, senneed: stands in person, where there is none",
        "return.xml, line 4, surname: is said twice: which is meant?",
    ]
    assert isinstance(read_all(path)[1], Person)


def test_line_numbers_are_right_far_into_a_long_file(tmp_path: Path) -> None:
    path = xml(tmp_path, "<Note/>\n" * 70_000 + "<Person><UPN>H801200001002</UPN></Person>")
    assert faults_of(path) == ["return.xml, line 70004, upn: is no UPN: its check letter does not fit"]


def test_the_same_record_twice_is_a_fault(tmp_path: Path) -> None:
    twice = child(requested(placed(), placed()))
    (said,) = faults_of(written(tmp_path, [twice, child()], "xml"))
    assert "placementdetail: says the same as the one on line" in said
