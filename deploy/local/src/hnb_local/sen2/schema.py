"""The shape of a SEN2 return: its tables, how they hang together, their columns and codes.

Source: the Department for Education's person-level specification, and its COLLECT Blade export (one CSV file a table).
An XML element has its table's or column's name; both are compared in lower case.
"""

from dataclasses import dataclass
from typing import get_args

from hnb.events.fields import Need

LEVEL = ("nativeid", "{table}orderseqcolumn", "sourceid")  # columns every Blade table has, and no reader needs


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the table its rows hang on, the columns that are needed, and those an export may lack."""

    name: str
    parent: str | None
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    element: str = ""  # how the XML spells it

    @property
    def id_column(self) -> str:
        return f"{self.name}tableid"

    @property
    def parent_column(self) -> str | None:
        return f"{self.parent}tableid" if self.parent else None

    @property
    def columns(self) -> tuple[str, ...]:
        """What is read of a row, its ids apart."""
        return self.required + self.optional


_SETTING = ("urn", "ukprn", "sensetting", "placementrank", "senunitindicator", "resourcedprovisionindicator")

TABLES = {
    table.name: table
    for table in (
        Table("sen2", None, ("collection", "year", "referencedate", "lea"), element="SEN2"),
        Table("person", "sen2", ("surname", "forename", "personbirthdate", "upn", "postcode"),
              ("uniquelearnernumber", "upnunknown", "sex", "gendercurrent", "ethnicity"), "Person"),
        Table("requests", "person", ("receiveddate", "requestoutcome", "requestoutcomedate"),
              ("requestsource", "rya", "requestmediation", "requesttribunal", "exported"), "Requests"),
        Table("assessment", "requests", ("assessmentoutcome", "assessmentoutcomedate"),
              ("week20", "assessmentmediation", "assessmenttribunal", "othermediation", "othertribunal"), "Assessment"),
        Table("namedplan", "assessment", ("startdate", "ceasedate", "ceasereason"),
              ("planres", "planwbp", "pb", "oa", "dp"), "NamedPlan"),
        Table("plandetail", "namedplan", _SETTING, ("sensettingother",), "PlanDetail"),
        Table("activeplans", "requests", (), ("transferla", "reviewmeeting", "reviewoutcome", "reviewdraft",
              "phasetransferduedate", "phasetransferfinaldate", "lastreview"), "ActivePlans"),
        Table("placementdetail", "activeplans", (*_SETTING, "entrydate", "leavingdate"),
              ("sensettingother", "res", "wbp"), "PlacementDetail"),
        Table("senneed", "activeplans", ("sentype", "sentyperank"), (), "SENneed"),
    )
}  # fmt: skip
PERSON = "person"
RECORDS = {name: table for name, table in TABLES.items() if name != "sen2"}  # what stands in and under a person

COLLECTION = "SEN2"
SETTING_CODES = frozenset({"OLA", "OPA", "EHE", "EYP", "OTH", "NEET", "NIEC", "NIEO"})
NEED_CODES = frozenset(get_args(Need))
OUTCOMES = frozenset("YNAWH")
DATED_OUTCOMES = frozenset("YN")  # the specification asks for no date with A, W and H
CEASE_REASONS = range(1, 10)

# How the XML spells its fields; read, they are compared in lower case.
SPELLED = {
    name.lower(): name
    for name in (
        "Surname", "Forename", "PersonBirthDate", "Postcode", "UPN", "UniqueLearnerNumber", "ReceivedDate",
        "RequestOutcome", "RequestOutcomeDate", "AssessmentOutcome", "AssessmentOutcomeDate", "Week20", "StartDate",
        "PlanRes", "CeaseDate", "CeaseReason", "URN", "UKPRN", "SENSetting", "SENSettingOther", "PlacementRank",
        "SENUnitIndicator", "ResourcedProvisionIndicator", "TransferLA", "LastReview", "PhaseTransferDueDate",
        "PhaseTransferFinalDate", "EntryDate", "LeavingDate", "Res", "SENtype", "SENtypeRank",
    )
}  # fmt: skip
