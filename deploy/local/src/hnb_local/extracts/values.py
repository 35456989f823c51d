"""One field of one row: its cells made the contract's value, or said to be wrong by column."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from hnb_local.cells import Wrong, financial_year, is_shortened, pence_of_pounds, reference, whole_pence
from hnb_local.extracts.contract import Kind
from hnb_local.extracts.dates import read_day
from hnb_local.extracts.mapping import FromCells, Pseudonym
from hnb_local.sen2.fields import upn_letter

# The UPN, the surname, the forename and the birth date, as far as they are known, made a child's pseudonym.
MakePseudonym = Callable[[str, str, str, date | None], str]

_SPREADSHEET_ERROR = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|#+)")
_WHOLE = re.compile(r"[+-]?\d{1,12}")
_UPN = re.compile(r"[A-Z]\d{11}[0-9A-Z]")


def value_of(node: FromCells, texts: Sequence[str]) -> Any:
    """What the cells of a field say, in their order: None where all are blank and nothing stands for that. Or Wrong."""
    if not any(texts):
        return node.default
    for column, text in zip(node.columns, texts, strict=True):
        if not text:
            raise Wrong(column, None, "empty")
        refuse_error(column, text)
    column = node.columns[0] if len(node.columns) == 1 else " and ".join(node.columns)
    text = node.join.join(texts)
    if not node.leaf.many:
        return _one(node, column, text)
    parts = [part.strip() for part in text.split(node.separator)]
    return [_one(node, column, part) for part in parts if part]


def pseudonym_of(node: Pseudonym, texts: Sequence[str], make: MakePseudonym) -> str | None:
    """The pseudonym of the child that the cells name; None where they name nobody. No Wrong of it shows a cell."""
    said = dict(zip(node.columns, texts, strict=True))
    if not any(texts):
        return None
    for column, text in said.items():
        refuse_error(column, text)
        if is_shortened(text):
            raise Wrong(column, None, "a spreadsheet shortened this number; format the column as text")
    upn, surname, forename, born = (
        said.get(column or "", "") for column in (node.upn, node.surname, node.forename, node.birth_date)
    )
    upn = re.sub(r"\s", "", upn).upper()
    if upn and node.upn:
        _check_upn(node.upn, upn)
    named = bool(surname and forename and born)
    if not upn and not named:
        columns = [column for column, text in said.items() if not text]
        raise Wrong(" and ".join(columns), None, "empty: nobody can tell who this is")
    birth_date = read_day(node.birth_date, born, node.dates) if named and node.birth_date else None
    return make(upn, surname, forename, birth_date)


def _check_upn(column: str, upn: str) -> None:
    """Wrong where it is none: with a slip in it, it is perhaps another child's."""
    if not _UPN.fullmatch(upn) or set(upn) & set("IOS"):
        raise Wrong(column, None, "is no UPN: a letter and 12 digits")
    if upn_letter(upn[1:]) != upn[0]:
        raise Wrong(column, None, "is no UPN: its check letter does not fit")


def refuse_error(column: str, text: str) -> None:
    """Wrong where a spreadsheet could not work a cell out."""
    if _SPREADSHEET_ERROR.fullmatch(text):
        raise Wrong(column, text, "is a spreadsheet's error")


def _one(node: FromCells, column: str, text: str) -> Any:
    if node.codes is not None:
        try:
            return node.codes[text.casefold()]
        except KeyError:
            raise Wrong(column, text, _not_a_code(node)) from None
    match node.leaf.kind:
        case Kind.REFERENCE | Kind.CHILD:
            return node.prefix + reference(column, text)
        case Kind.DAY:
            return read_day(column, text, node.dates).isoformat()
        case Kind.PENCE | Kind.SIGNED_PENCE:
            read = pence_of_pounds if node.unit == "pounds" else whole_pence
            return read(column, text, signed=node.leaf.kind is Kind.SIGNED_PENCE)
        case Kind.YEAR:
            return financial_year(column, text)
        case Kind.WHOLE:
            return _whole(column, text)
        case _:
            return text


def _not_a_code(node: FromCells) -> str:
    contract = {str(choice).casefold(): choice for choice in node.leaf.choices}
    if node.codes == contract:
        return f"is not a word of the contract, which has {', '.join(map(str, node.leaf.choices))}; or map codes"
    return f"is not among the codes of {node.leaf.path}"


def _whole(column: str, text: str) -> int:
    if is_shortened(text):
        raise Wrong(column, text, "a spreadsheet shortened this number; format the column as a number")
    if not (text.isascii() and _WHOLE.fullmatch(text)):
        raise Wrong(column, text, "is a whole number")
    return int(text)
