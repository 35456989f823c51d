"""What is wrong with one child's record is said by file, line and field, without a word of what the record holds."""

import re
from datetime import date
from pathlib import Path

import pytest

from hnb_local.sen2.fields import upn_letter
from hnb_local.sen2.records import Person
from hnb_local.sen2.schema import SPELLED
from tests.local.sen2_returns import at, child, faults_of, placed, read_all, requested, written

WHOLE = child(
    requested(placed(leaving=date(2025, 7, 18)), placed(at(None, code="OLA"), date(2025, 9, 1)), needs=("ASD", "SLCN"))
)


def with_change(tmp_path: Path, pattern: str, replacement: str) -> Path:
    """The return of one whole child, one thing in it changed, and of another child after it."""
    path = written(tmp_path, [WHOLE], "xml")
    whole = path.read_text()
    changed, found = re.subn(pattern, replacement, whole, count=1)
    assert found
    one_more = "<Person><UPN>H801200001001</UPN></Person>"
    path.write_text(changed.replace("  </Persons>", f"  {one_more}</Persons>"))
    return path


@pytest.mark.parametrize(
    ("pattern", "replacement", "field", "said"),
    [
        ("120330", "12033", "urn", "is no URN: it has 6 digits"),
        ("120330", "1.2033E+05", "urn", "is no URN: it has 6 digits"),
        ("<URN>120330</URN>", "<UKPRN>1001</UKPRN>", "ukprn", "is no UKPRN: it has 8 digits"),
        ("<URN>120330</URN>", "", "urn", "is missing, and so are ukprn and sensetting: where is the child?"),
        (">OLA<", ">XYZ<", "sensetting", "is none of the codes EHE, EYP, NEET, NIEC, NIEO, OLA, OPA, OTH"),
        ("<SENSetting>", "<URN>120330</URN><SENSetting>", "sensetting",
         "stands beside a URN or UKPRN: which is meant?"),
        (">SLCN<", ">SLNC<", "sentype", "is none of the codes ASD, DS, HI, MLD, MSI, OTH, PD, PMLD, SEMH, SLCN, SLD,"),
        ("<SENtypeRank>2", "<SENtypeRank>1", "sentyperank", "is the same for two needs: which is the primary?"),
        ("<SENtypeRank>2", "<SENtypeRank>second", "sentyperank", "is no whole number from 1 to 99"),
        ("<SENtype>SLCN</SENtype>", "", "sentype", "is missing"),
        ("2025-07-18", "2024-07-18", "leavingdate", "is before entrydate"),
        ("<StartDate>2024-04-15</StartDate>", "", "startdate", "is missing"),
        ("</StartDate>", "</StartDate><CeaseDate>2025-08-31</CeaseDate>", "ceasereason",
         "is missing: a plan that ceased has a date and a reason"),
        ("</StartDate>", "</StartDate><CeaseDate>2024-01-01</CeaseDate><CeaseReason>5</CeaseReason>", "ceasedate",
         "is before startdate"),
        ("</StartDate>", "</StartDate><CeaseDate>2025-08-31</CeaseDate><CeaseReason>10</CeaseReason>", "ceasereason",
         "is no whole number from 1 to 9"),
        ("<RequestOutcome>H", "<RequestOutcome>X", "requestoutcome", "is none of the codes A, H, N, W, Y"),
        ("<RequestOutcome>H", "<RequestOutcome>Y", "requestoutcomedate", "is missing: an outcome of N or Y has a date"),
        ("<RequestOutcome>H", "<RequestOutcomeDate>2023-10-01</RequestOutcomeDate><RequestOutcome>N",
         "requestoutcomedate", "is before receiveddate"),
        ("<AssessmentOutcome>H", "<AssessmentOutcome>maybe", "assessmentoutcome", "is none of the codes"),
        ("<Week20>0", "<Week20>perhaps", "week20", "is neither 1 or true, nor 0 or false"),
        ("H801200001001", "H801200001002", "upn", "is no UPN: its check letter does not fit"),
        ("H801200001001", "Thistlewood", "upn", "is no UPN: a letter and 12 digits"),
        ("2012-03-05", "40973", "personbirthdate", "is a spreadsheet's day number"),
        ("Marigold", "M" * 201, "forename", "has more than 200 characters"),
        ("<ActivePlans>", "<ActivePlans/><ActivePlans>", "activeplans", "is there twice in one of requests"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_line_and_the_next_child_is_read(
    tmp_path: Path, pattern: str, replacement: str, field: str, said: str
) -> None:
    path = with_change(tmp_path, pattern, replacement)
    faults = faults_of(path)
    assert any(re.match(rf"return\.xml, line \d+, {field}: {re.escape(said)}", fault) for fault in faults), faults
    assert isinstance(read_all(path)[1], Person)


def test_the_line_is_that_of_the_record(tmp_path: Path) -> None:
    path = with_change(tmp_path, ">SLCN<", ">SLNC<")
    (fault,) = faults_of(path)
    line = int(fault.split("line ")[1].split(",")[0])
    assert path.read_text().splitlines()[line - 1].strip() == "<SENneed>"


def test_every_fault_of_a_child_is_said_at_once(tmp_path: Path) -> None:
    path = with_change(tmp_path, r"(?s)120330(.*)>SLCN<", r"12\1>SLNC<")
    assert len(faults_of(path)) == 2


SECRETS = ["Thistlewood", "Marigold", "2012-03-05", "H801200001001", "ZZ3 4QT"]


@pytest.mark.parametrize("spelled", SPELLED.values())
def test_no_fault_repeats_a_value_wherever_an_identity_has_slipped_to(tmp_path: Path, spelled: str) -> None:
    """Cells slip by one when a row is mended by hand: then a name stands under a code's heading."""
    path = written(tmp_path, [WHOLE], "xml")
    whole = path.read_text()
    for secret in SECRETS:
        path.write_text(re.sub(rf"<{spelled}>.*</{spelled}>", f"<{spelled}>{secret} {secret}</{spelled}>", whole))
        for fault in faults_of(path):
            assert not any(part in fault for part in secret.split()), fault


def test_who_has_no_upn_is_known_by_name_and_birth_date_and_nobody_by_less(tmp_path: Path) -> None:
    known = child(upn=None)
    unknown = [child(upn=None, surname=""), child(upn=None, born=None), child(upn=None, forename="")]
    path = written(tmp_path, [known, *unknown], "xml")
    assert read_all(path)[0] == known
    assert [fault.split(": ", 1)[1] for fault in faults_of(path)] == [
        "is missing, and so is a name or birth date: nobody can tell who this is"
    ] * 3


def test_a_child_shows_itself_by_its_place_alone(tmp_path: Path) -> None:
    (read,) = read_all(written(tmp_path, [WHOLE], "xml"))
    assert re.fullmatch(r"<person at return\.xml, line \d+>", repr(read))
    assert not any(secret in repr([read]) for secret in SECRETS)


@pytest.mark.parametrize("upn", ["H801200001001", "A123456789012"])
def test_a_upns_first_letter_checks_its_digits(upn: str) -> None:
    """Of the first: 2·8 + 3·0 + 4·1 + 5·2 + 10·1 + 13·1 = 53, and 53 mod 23 = 7, of which the letter is H."""
    assert upn_letter(upn[1:]) == upn[0]
    for slip in range(1, len(upn)):
        wrong = upn[:slip] + str((int(upn[slip]) + 1) % 10) + upn[slip + 1 :]
        assert upn_letter(wrong[1:]) != upn[0]
