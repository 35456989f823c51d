"""The summary as a whole: its sections in order, and those whose words are the same for every council."""

from collections.abc import Sequence
from datetime import datetime

from ledger.domain.benchmarks import Compared, in_words
from ledger.domain.documents import Document, Section, Table
from ledger.domain.public import families, money, provision
from ledger.domain.public.told import Told, text


def summary(told: Told, known_at: datetime, compared: Sequence[Compared] = (), files: Sequence[str] = ()) -> Document:
    """The document of one edition: `compared` is what published files of these names say of this council and others."""
    return Document(
        title=f"{told.council}: how the High Needs Block was spent in {told.label}",
        headlines=money.headlines(told),
        sections=(
            money.about(told, known_at), money.money(told), provision.spending(told), provision.ages(told),
            provision.needs(told), provision.services(told), provision.away(told), families.tribunals(told),
            families.consultants(told), families.waits(told), provision.early(told), _compared(compared, files),
            PAYS_FOR, METHOD,
        ),
    )  # fmt: skip


def _compared(compared: Sequence[Compared], files: Sequence[str]) -> Section:
    if not compared:
        words = "No published figures of other councils were in the ledger when this page was made."
        return Section(id="comparators", title="Compared with other councils", paragraphs=(words,))
    rows = [
        (one.title, *(in_words(value, one.rate.unit) for value in (one.authority.rate, one.median, one.england)))
        for one in compared
    ]
    return Section(
        id="comparators",
        title="Compared with other councils",
        paragraphs=(
            text(
                "These figures are from files that the government publishes, and not from the council's ledger.",
                "Similar councils are those that the files name as most like this one.",
                "The middle one of their figures is shown.",
            ),
        ),
        tables=(
            Table(
                caption="Beside other councils",
                head=("Measure", "This council", "Similar councils", "England"),
                rows=tuple(rows),
                numeric=3,
            ),
        ),
        notes=(f"The files: {'; '.join(files)}.",),
    )


# After DfE's operational guide to high needs funding and the School and Early Years Finance (England) Regulations.
PAYS_FOR = Section(
    id="pays-for",
    title="What this money can and cannot pay for",
    paragraphs=("The rules for this grant say what it may be spent on.",),
    tables=(
        Table(
            caption="It can pay for",
            head=("What", "Example"),
            rows=(
                ("Places at special schools and units", "A place at a special school at £10,000 a year, and a top-up"),
                ("Top-up funding", "A teaching assistant for 20 hours a week, beyond what the school must pay itself"),
                ("Teaching in hospital, and away from school", "Lessons for a child who is too ill for school"),
                ("Support services", "A teacher of deaf children who visits many schools"),
                ("Help to include children", "Training for a nursery that takes a child with a vision impairment"),
            ),
            numeric=0,
        ),
        Table(
            caption="It cannot pay for",
            head=("What", "Who pays instead"),
            rows=(
                ("The first £6,000 of extra help in a mainstream school", "The school, from its own budget"),
                ("Travel to school", "The council, from its general fund"),
                ("Appeals to the tribunal", "The council, from its general fund"),
                ("Staff who assess needs and write plans", "The council, from its general fund"),
                ("Medical treatment and nursing", "The National Health Service"),
                ("Social care at home and short breaks", "The council's social care budget"),
            ),
            numeric=0,
        ),
    ),
)
METHOD = Section(
    id="method",
    title="How these figures were made",
    paragraphs=(
        "Every figure is the sum of single payments and promises in the council's ledger. Each pound is counted once.",
        "Once published, an edition does not change. If the council learns better, a new edition says what changed.",
        "Finance officers of the council can trace each figure to what it is made of.",
    ),
)
