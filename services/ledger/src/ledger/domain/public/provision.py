"""The summary's sections on provision: what the money was spent on, and for whom."""

from hnb.charts import Bar
from hnb.needs import NEEDS
from hnb.provisions import Provision
from hnb.words import title
from ledger.domain.documents import Chart, Section, Table
from ledger.domain.public.facts import AGES, ALL_NEEDS, AREAS, IN_AREA, OUT_OF_AREA
from ledger.domain.public.told import Told, text

SUPPORT_SERVICES = (Provision.SEN_SUPPORT, Provision.INCLUSION)
EARLY = (Provision.ELEMENT_3, Provision.INCLUSION_FUND, Provision.EARLY_INTERVENTION, *SUPPORT_SERVICES)


def spending(told: Told) -> Section:
    """By kind of provision, the dearest first."""
    bars = [
        Bar(label=title(line), value=float(found), words=told.pounds("spending", line))
        for line in told.facts.lines
        if (found := told.shown["spending", line].pounds) is not None
    ]
    return Section(
        id="spending",
        title="What the money was spent on",
        charts=(Chart(title="Spending by kind of provision", bars=tuple(bars)),),
        tables=(
            Table(
                caption="Spending and children by kind of provision",
                head=("Provision", "Children", "Spending", "Share of spending"),
                rows=(*(_line(told, line) for line in told.facts.lines), _line(told, "all")),
                numeric=3,
                total=True,
            ),
        ),
        notes=(
            text(
                "A child who changed from one kind of provision to another counts in both.",
                "Services and places that are not for one child count nobody.",
            ),
        ),
    )


def _line(told: Told, line: str) -> tuple[str, ...]:
    name = "All" if line == "all" else title(line)
    return name, told.count("spending", line), told.pounds("spending", line), told.share(("spending", line))


def ages(told: Told) -> Section:
    """Children in placements by age: in all, and by provision."""
    lines = [line for line in told.facts.lines if any(told.facts.groups["age", line, age].children for age in AGES)]
    by_line = [(title(line), *(told.count("age", line, age) for age in AGES)) for line in lines]
    in_all = [(age, told.count("age", "all", age), told.pounds("age", "all", age)) for age in AGES]
    return Section(
        id="ages",
        title="Children by age",
        tables=(
            Table(
                caption="Children in placements, by age",
                head=("Age", "Children", "Spending"),
                rows=(*in_all, _placed(told)),
                numeric=2,
                total=True,
            ),
            Table(
                caption="Children in placements, by provision and age",
                head=("Provision", *AGES),
                rows=(*by_line, ("All", *(told.count("age", "all", age) for age in AGES))),
                numeric=len(AGES),
                total=True,
            ),
        ),
    )


def needs(told: Told) -> Section:
    """Children in placements by main need."""
    rows = [(NEEDS.get(need, need), told.count("need", need), told.pounds("need", need)) for need in ALL_NEEDS]
    return Section(
        id="needs",
        title="Children by main need",
        tables=(
            Table(
                caption="Children in placements, by main need",
                head=("Main need", "Children", "Spending"),
                rows=(*rows, _placed(told)),
                numeric=2,
                total=True,
            ),
        ),
    )


def _placed(told: Told) -> tuple[str, ...]:
    return "All", told.count("placed", "all"), told.pounds("placed", "all")


def services(told: Told) -> Section:
    """The share on support services, with how it is worked out."""
    parts = [("spending", str(line)) for line in SUPPORT_SERVICES if line in told.facts.lines]
    return Section(
        id="support-services",
        title="Support services",
        paragraphs=(f"{told.share(*parts)} of the spending was on support services.",),
        tables=(
            Table(
                caption="How the share is worked out",
                head=("Part", "Spending"),
                rows=(
                    *((title(cell[1]), told.pounds(*cell)) for cell in parts),
                    ("All spending", told.pounds("spending", "all")),
                ),
                numeric=1,
            ),
        ),
        notes=("The share is SEN support services and support for inclusion together, divided by all spending.",),
    )


def away(told: Told) -> Section:
    """Independent schools, and places outside the area."""
    independent = "No child had a place at an independent or non-maintained special school."
    if Provision.INDEPENDENT in told.facts.lines:
        independent = text(
            "Places at independent and non-maintained special schools cost",
            f"{told.pounds('spending', 'independent')} for {told.count('spending', 'independent')} children.",
        )
    return Section(
        id="out-of-area",
        title="Independent schools, and places outside the area",
        paragraphs=(
            independent,
            text(
                f"Places outside the area cost {told.pounds('area', OUT_OF_AREA)}.",
                f"Places in it cost {told.pounds('area', IN_AREA)}.",
            ),
        ),
        tables=(
            Table(
                caption="Children in placements, in the area and outside it",
                head=("Where", "Children", "Spending"),
                rows=tuple((name, told.count("area", name), told.pounds("area", name)) for name in AREAS),
                numeric=2,
            ),
        ),
    )


def early(told: Told) -> Section:
    """Help that comes early, or without a plan."""
    lines = [line for line in EARLY if line in told.facts.lines]
    return Section(
        id="early-support",
        title="Early support",
        paragraphs=("Help that comes early, or without a plan, can be enough for many children.",),
        tables=(
            Table(
                caption="Spending on early support",
                head=("Kind of support", "Children", "Spending"),
                rows=tuple((title(line), *_line(told, line)[1:3]) for line in lines),
                numeric=2,
            ),
        ),
    )
