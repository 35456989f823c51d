"""Documents as files: HTML with its style in it, PDF with the tags a screen reader needs, and CSV of every figure."""

from collections.abc import Callable
from pathlib import Path

from hnb import charts
from hnb.pages import Pages, in_millions, style
from hnb_local.errors import WRONG_USE, CommandFailed
from ledger.domain.documents import Chart, Document, as_csv

Made = Callable[[Document, str], bytes]


def as_html(document: Document, subtitle: str) -> bytes:
    """One file that needs no other."""
    pages = Pages("ledger", "", "")
    return pages.render("hnb/file.html", document=document, subtitle=subtitle, style=style()).encode()


def as_pdf(document: Document, subtitle: str) -> bytes:
    """PDF/UA-1, set in a font that typst brings, so that it is the same on every machine."""
    import json

    import typst

    data = document.model_dump() | {"subtitle": subtitle}
    for section, of in zip(data["sections"], document.sections, strict=True):
        section["charts"] = [
            {"title": chart.title, "svg": drawn} for chart in of.charts if (drawn := _drawn(chart))
        ]  # fmt: skip
    return typst.compile(
        str(Path(__file__).with_name("document.typ")), sys_inputs={"document": json.dumps(data)},
        pdf_standards=["ua-1"], ignore_system_fonts=True,
    )  # fmt: skip


def _drawn(chart: Chart) -> str:
    if chart.bars:
        return charts.bars(chart.title, chart.bars)
    return charts.fan(chart.title, chart.points, in_millions, chart.planned)


FORMATS: dict[str, Made] = {
    ".html": as_html,
    ".pdf": as_pdf,
    ".csv": lambda document, _: as_csv(document).encode(),
}


def write(document: Document, subtitle: str, folder: Path, name: str) -> list[Path]:
    """The document in every format, under one name in a folder that is made where it is missing."""
    made = {folder / f"{name}{ending}": make(document, subtitle) for ending, make in FORMATS.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in made.items():
            path.write_bytes(content)
    except OSError as error:
        raise CommandFailed(f"{error.filename} cannot be written: {error.strerror}.", WRONG_USE) from None
    return list(made)
