"""A mapping is checked whole against the contract, and every fault of it is named by its key."""

from pathlib import Path

import pytest

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.extracts.checking import load
from hnb_local.extracts.contract import Group, Kind, event_types, fields_of
from hnb_local.extracts.mapping import Constant
from hnb_local.extracts.template import template
from tests.local.extracts import PLACEMENTS, faults_of, mapped


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('event = "placement-made"', "", "event: missing"),
        ('"placement-made"', '"placement-moved"', "event: there is no 'placement-moved'; there are assessment-requ"),
        ('money = "pounds"', 'money = "dollars"', "money: Input should be 'pounds' or 'pence'"),
        ('money = "pounds"', "", 'fields.cost.amount_pence: say unit = "pounds" or "pence", or money for the whole'),
        ('money = "pounds"', "colour = 1", "colour: there is no such key"),
        ('["DD/MM/YYYY"]', '["%d/%m/%Y"]', "dates: '%d/%m/%Y' is no date format: write one like DD/MM/YYYY"),
        ('["DD/MM/YYYY"]', '["DD/MM/YYYY in words"]', "dates: 'DD/MM/YYYY in words' has more than YYYY YY MM"),
        ('setting_id = "School"', "", "fields.setting_id: missing: name a column or a constant"),
        ('end_date = "End"', "", "fields.end_date: missing: name a column or a constant, or { null = true } where it"),
        ('end_date = "End"', 'ende = "End"', "fields.ende: there is no such field; there are placement_id, plan_id"),
        ('cost.per = { constant = "year" }', "", "fields.cost.per: missing"),
        ('constant = "year"', 'constant = "month"', "fields.cost.per: 'month' is not what the contract takes: one of"),
        ('constant = "year"', "null = true", "fields.cost.per: may not be null"),
        ('constant = "year"', 'constant = "year", column = "Per"', "fields.cost.per: say one of column, columns"),
        ('"SS" = "special"', '"SS" = "specail"', "fields.provision.codes.SS: 'specail' is not what the contract takes"),
        ('"SS" = "special"', '"SS" = "special", "ss" = "hospital"', "fields.provision.codes.ss: stands there twice"),
        ('start_date = "Start"', 'start_date = { column = "Start", unit = "pence" }',
         "fields.start_date.unit: has no use where the field is a date from column"),
        ('start_date = "Start"', 'start_date = { constant = 2025-13-01 }', "no TOML"),
        ('start_date = "Start"', 'start_date = { constant = 1925-01-01 }',
         "fields.start_date: '1925-01-01' is not what the contract takes: a date lies between"),
        ('start_date = "Start"', 'start_date = { column = "Start", format = "x" }',
         "fields.start_date.format: there is no such key"),
        ('start_date = "Start"', "start_date = 3", "fields.start_date: is a column's name or a table"),
        ('start_date = "Start"', 'start_date = ""', "fields.start_date: names no column"),
        ('setting_id = "School"', 'setting_id = "Pupil"',
         "fields.setting_id: the column 'Pupil' says who the child is, and stands for nothing else"),
        ('setting_id = "School"', 'setting_id = { columns = ["A", "B"] }', 'fields.setting_id: say join = "-"'),
        ('child_ref = "Pupil"', 'child_ref = { pseudonym = { surname = "Surname" } }',
         "fields.child_ref.pseudonym: a name is a surname, a forename and a birth_date"),
        ('child_ref = "Pupil"', "child_ref = { pseudonym = {} }", "fields.child_ref.pseudonym: say upn, or surname"),
        ('setting_id = "School"', 'setting_id = { pseudonym = { upn = "UPN" } }',
         "fields.setting_id.pseudonym: has no use where the field is an id from pseudonym"),
        ('blank = ["NULL"]', 'delimiter = "::"', "delimiter: is a comma, a semicolon, a bar or tab"),
        ('blank = ["NULL"]', 'event_id = "Id"', "event_id: needs time"),
        ('blank = ["NULL"]', 'authority = "Leicester"', "authority: String should match pattern"),
        ('blank = ["NULL"]', 'only = [{ column = "Status" }]', "only.1: say words, or filled = true or false"),
        ('blank = ["NULL"]', 'yes = ["y"]\nno = ["Y"]', "no: y is in yes too"),
        ('blank = ["NULL"]', 'yes = ["y"]', "yes: say both, yes and no"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_mapping_is_named_by_its_key(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in PLACEMENTS
    path = tmp_path / "mapping.toml"
    path.write_text(PLACEMENTS.replace(old, new), encoding="utf-8")
    with pytest.raises(CommandFailed) as failure:
        load(path)
    assert fault in str(failure.value)
    assert failure.value.status == WRONG_USE


def test_all_faults_are_told_at_once() -> None:
    faults = faults_of(PLACEMENTS.replace('"special"', '"sp"').replace('"year"', '"month"').replace("start_date", "s"))
    assert [fault.split(":")[0] for fault in faults] == [
        "fields.s", "fields.provision.codes.SS", "fields.start_date", "fields.cost.per",
    ]  # fmt: skip


def test_a_field_said_twice_is_a_fault() -> None:
    twice = PLACEMENTS + '"cost.per" = "Per"\n'
    assert faults_of(twice) == ["fields.cost.per: is said twice"]


def test_words_for_yes_and_no_are_asked_for_where_they_are_needed() -> None:
    toml = """
        event = "setting-registered"
        [fields]
        setting_id = "id"
        name = "name"
        provision = "provision"
        in_area = "local"
    """
    assert faults_of(toml) == [
        "fields.in_area: say which words are yes and no: codes, or yes and no for the whole file"
    ]
    assert not faults_of(toml.replace('"local"', '{ column = "local", codes = { "L" = true, "O" = false } }'))
    wrong = faults_of(toml.replace('"local"', '{ column = "local", codes = { "L" = "yes", "O" = false } }'))
    assert wrong[0].startswith("fields.in_area.codes.L: 'yes' is not what the contract takes")


def test_a_list_needs_what_stands_between_its_items() -> None:
    lodged = template("tribunal-lodged").replace('# sections = { column = "sections", separator = ";" }', "{}")
    assert faults_of(lodged.replace("{}", 'sections = "sections"'))[0].startswith("fields.sections: say separator")
    assert not faults_of(lodged.replace("{}", 'sections = { constant = ["B", "F"] }'))
    assert faults_of(lodged.replace("{}", 'sections = { constant = ["B", "X"] }'))[0].startswith(
        "fields.sections: ['B', 'X']"
    )


def test_a_date_of_toml_is_a_date_of_the_contract() -> None:
    mapping = mapped(PLACEMENTS.replace('end_date = "End"', "end_date = { constant = 2026-08-31 }"))
    assert mapping.data.nodes["end_date"] == Constant("2026-08-31")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"event = \n", "is no TOML: Invalid value (at line 1"),
        ("event = 'caf\u00e9'".encode("utf-16"), "is not in UTF-8"),
        (b" " * 1_000_001, "is larger than 1,000,000 bytes"),
    ],
)
def test_a_mapping_that_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes(content)
    with pytest.raises(CommandFailed, match=r"mapping\.toml") as failure:
        load(path)
    assert said in str(failure.value)
    with pytest.raises(CommandFailed, match="cannot be read: No such file"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("event", event_types())
def test_the_template_of_every_event_type_is_a_mapping_that_can_be_used(event: str) -> None:
    mapping = mapped(template(event))
    group = fields_of(event)
    assert set(mapping.data.nodes) == {name for name, field in group.fields.items() if field.required}
    whole = template(event).replace("\n# ", "\n").split("[fields]\n")[1]
    for field in group.leaves():
        assert f"\n{field.path} = " in f"\n{whole}"
        assert all(str(choice) in whole for choice in field.choices)


def test_every_field_of_the_contract_is_of_a_kind_that_an_extract_can_say() -> None:
    kinds = {leaf.kind for event in event_types() for leaf in fields_of(event).leaves()}
    assert kinds == set(Kind)
    cost = fields_of("placement-made").fields["cost"]
    assert isinstance(cost, Group)
    assert (cost.required, cost.nullable) == (True, True)


def test_there_is_no_template_of_an_event_type_that_is_not() -> None:
    with pytest.raises(CommandFailed, match="There is no event type 'placement'; there are assessment-requested"):
        template("placement")
