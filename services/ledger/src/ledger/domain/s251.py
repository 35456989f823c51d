"""The Section 251 return: one row a line, gross, income and net, and DfE's high-needs total by its formula."""

from collections import defaultdict
from collections.abc import Mapping

from hnb.provisions import LINES, Fund, Provision
from ledger.domain.positions import Figures
from ledger.domain.statutory import Column, Known, Line, Sheet, Value, cost_of_block

# DfE's high-needs total, group by group. Lines no provision stands on (1.2.9, 1.4.11) are part of it and nothing here.
FORMULA: tuple[tuple[str, ...], ...] = (
    ("1.2.1", "1.2.2", "1.2.4", "1.2.11"),
    ("1.2.3",),
    ("1.2.5", "1.2.8", "1.2.9"),
    ("1.2.7",),
    ("1.2.6",),
    ("1.2.13",),
    ("1.0.2",),
    ("1.4.11",),
)
FORMULA_TEXT = " + ".join(f"({' + '.join(group)})" if len(group) > 1 else group[0] for group in FORMULA)
GENERAL_FUND = "2.1.2"

# Every row of the return: its description, and what a reader must know of it.
ROWS: dict[str, tuple[str, str]] = {
    "1.0.2": (
        "High needs place funding",
        "Contracts for places in special schools and resourced provision that the authority pays for.",
    ),
    "1.2.1/1.2.2": (
        "Top-up funding: maintained schools (1.2.1) and academies, free schools and colleges (1.2.2)",
        "One row: no event says which schools are academies. The two sum to this.",
    ),
    "1.2.2/1.2.3": (
        "Top-up funding, post-16: colleges (1.2.2) and independent providers (1.2.3)",
        "One row: no event says which kind of provider it is. The two sum to this.",
    ),
    "1.2.3": ("Top-up and other funding: non-maintained and independent providers", ""),
    "1.2.4": ("Additional high needs targeted funding for mainstream schools and academies", ""),
    "1.2.5": ("SEN support services", ""),
    "1.2.6": ("Hospital education services", ""),
    "1.2.7": ("Other alternative provision services", ""),
    "1.2.8": ("Support for inclusion", ""),
    "1.2.9": ("Special schools and PRUs in financial difficulty", "No provision of the ledger stands on this line."),
    "1.2.11": ("Direct payments (SEN and disability)", ""),
    "1.2.13": ("Therapies and other health-related services", ""),
    "1.4.11": ("SEN transport", "No provision of the ledger stands on this line."),
    "EOTAS": (
        "Education otherwise than at school",
        "Not assigned to a line here, so outside DfE's formula; the return's author assigns it.",
    ),
    "none": ("Contingency", "Has no line of its own, so is outside DfE's formula."),
    GENERAL_FUND: ("SEN administration, assessment and monitoring: tribunals", "General fund: beside the total."),
}
COLUMNS = (
    Column("Line", "text"),
    Column("Description", "text"),
    Column("Gross", "pence"),
    Column("Income", "pence"),
    Column("Net", "pence"),
    Column("Note", "text"),
)
Amounts = dict[str, tuple[int, int]]  # net and income, in pence, by row


def row_of(provision: str, *, contract: bool) -> str:
    """The row a provision's pence stand on; of a line split between places and top-ups, which of the two."""
    place, _, top_up = LINES[Provision(provision)].s251.partition(" + ")
    return top_up if top_up and not contract else place


def in_formula(row: str) -> bool:
    """Whether DfE's total has a row in it: all the lines it stands for are in the formula."""
    lines = {line for group in FORMULA for line in group}
    return all(part in lines for part in row.split("/"))


def amounts(costs: Mapping[Line, int], income: Mapping[Line, int], known: Known) -> Amounts:
    """Net and income by row, from what each commitment costs and what partners pay of it."""
    net: dict[str, int] = defaultdict(int)
    paid_by_partners: dict[str, int] = defaultdict(int)
    for sums, found in ((net, costs), (paid_by_partners, income)):
        for (id, provision), pence in found.items():
            sums[row_of(provision, contract=id in known.contracts)] += pence
    return {row: (net[row], paid_by_partners[row]) for row in ROWS}


def by_group(found: Amounts) -> list[tuple[str, int]]:
    """Net pence by group of DfE's formula; a row that stands for lines of two groups is named by itself."""
    groups = [(" + ".join(group), [row for row in ROWS if set(row.split("/")) <= set(group)]) for group in FORMULA]
    named = {row for _, rows in groups for row in rows}
    groups += [(row, [row]) for row in ROWS if row not in named and row != GENERAL_FUND]
    return [(name, sum(found[row][0] for row in rows)) for name, rows in groups]


def s251(found: Amounts, lines: Mapping[str, Figures]) -> Sheet:
    """The sheet, tied to the position's own lines: its last row is what is left between the two, and must be 0."""
    block = [row for row in ROWS if row != GENERAL_FUND]
    counted = [row for row in block if in_formula(row)]
    other = [row for row in block if not in_formula(row)]
    position = cost_of_block(lines)
    beside = sum(f.cost_pence for line, f in lines.items() if LINES[Provision(line)].fund is Fund.GENERAL)
    rows: list[tuple[Value, ...]] = [_row(found, row) for row in block]
    rows += [
        _sum(found, counted, "DfE total", f"High-needs total by DfE's formula: {FORMULA_TEXT}"),
        _sum(found, other, "Other", "Of the block, and outside DfE's formula", ", ".join(other)),
        _sum(found, block, "HNB total", "High Needs Block"),
        _row(found, GENERAL_FUND),
        ("Check", "The position: committed and spent", None, None, position, "From the position's lines."),
        ("Check", "Difference from HNB total", None, None, position - sum(found[row][0] for row in block), "Must be 0"),
        ("Check", f"Difference on {GENERAL_FUND}", None, None, beside - found[GENERAL_FUND][0], "Must be 0"),
    ]  # fmt: skip
    return Sheet("S251", COLUMNS, rows)


def _row(found: Amounts, row: str) -> tuple[Value, ...]:
    (description, note), (net, income) = ROWS[row], found[row]
    return (row, description, net + income, income, net, note)


def _sum(found: Amounts, rows: list[str], label: str, description: str, note: str = "") -> tuple[Value, ...]:
    net, income = (sum(found[row][part] for row in rows) for part in (0, 1))
    return (label, description, net + income, income, net, note)
