"""The provision lines of the High Needs Block: their names, S251 lines and the fund that pays for each."""

from dataclasses import dataclass
from enum import StrEnum


class Fund(StrEnum):
    """Who pays: the ring-fenced High Needs Block, or the council's general fund beside it."""

    HIGH_NEEDS = "high-needs"
    GENERAL = "general"


class Provision(StrEnum):
    """A line of high-needs spending, named as case systems name it."""

    MAINSTREAM = "mainstream"
    RESOURCED_PROVISION = "resourced-provision"
    SPECIAL = "special"
    INDEPENDENT = "independent"
    ALTERNATIVE = "alternative"
    HOSPITAL = "hospital"
    POST_16 = "post-16"
    OTHERWISE = "otherwise"
    EARLY_YEARS = "early-years"
    DIRECT_PAYMENTS = "direct-payments"
    ELEMENT_3 = "element-3"
    INCLUSION_FUND = "inclusion-fund"
    EARLY_INTERVENTION = "early-intervention"
    INCLUSION = "inclusion"
    SEN_SUPPORT = "sen-support"
    THERAPIES = "therapies"
    CONTINGENCY = "contingency"
    TRIBUNAL = "tribunal"


@dataclass(frozen=True, slots=True)
class Line:
    """What a provision is called in print, where it stands in the S251 return, and which fund pays."""

    title: str
    s251: str
    fund: Fund = Fund.HIGH_NEEDS


LINES: dict[Provision, Line] = {
    Provision.MAINSTREAM: Line("Mainstream", "1.2.1/1.2.2"),
    Provision.RESOURCED_PROVISION: Line("Resourced provision", "1.0.2 + 1.2.1/1.2.2"),
    Provision.SPECIAL: Line("Special schools", "1.0.2 + 1.2.1/1.2.2"),
    Provision.INDEPENDENT: Line("Independent and non-maintained", "1.2.3"),
    Provision.ALTERNATIVE: Line("Alternative provision", "1.2.7"),
    Provision.HOSPITAL: Line("Hospital education", "1.2.6"),
    Provision.POST_16: Line("Post-16", "1.2.2/1.2.3"),
    Provision.OTHERWISE: Line("Otherwise than at school", "EOTAS"),
    Provision.EARLY_YEARS: Line("Early years", "1.2.1/1.2.2"),
    Provision.DIRECT_PAYMENTS: Line("Direct payments", "1.2.11"),
    Provision.ELEMENT_3: Line("Element 3, no plan", "1.2.4"),
    Provision.INCLUSION_FUND: Line("Inclusion fund", "1.2.4"),
    Provision.EARLY_INTERVENTION: Line("Early intervention", "1.2.8"),
    Provision.INCLUSION: Line("Support for inclusion", "1.2.8"),
    Provision.SEN_SUPPORT: Line("SEN support services", "1.2.5"),
    Provision.THERAPIES: Line("Therapies", "1.2.13"),
    Provision.CONTINGENCY: Line("Contingency", "none"),
    # General fund: reported beside the High Needs Block and never added into it (S251 line 2.1.2).
    Provision.TRIBUNAL: Line("Tribunals (general fund)", "2.1.2", Fund.GENERAL),
}


def fund_of(provision: str) -> Fund:
    """The fund that pays for a provision line."""
    return LINES[Provision(provision)].fund
