"""A terminal of any width: every figure of an outlook whole, in the forecast and at the end of the demo."""

import re
from io import StringIO

import pytest
from rich.console import Console

from hnb_local.demo.outlook import print_outlook
from hnb_local.forecasting.outlook_view import millions
from hnb_local.forecasting.outlooks import Made
from ledger.outlook.inputs import read_inputs
from ledger.outlook.result import Outlook
from ledger.outlook.run import outlook
from ledger.outlook.scenarios import read_pack, shipped_pack
from tests.local.test_forecast_command import hnb
from tests.local.test_outlook_command import ASKED, EXAMPLES


@pytest.fixture(scope="module")
def found() -> Outlook:
    inputs = read_inputs("authority.json", (EXAMPLES / "authority.json").read_bytes())
    pack = read_pack("measures.yaml", (EXAMPLES / "measures.yaml").read_bytes())
    return outlook(inputs, pack, simulations=120, seed=3)


@pytest.mark.parametrize("columns", [80, 100, 130])
def test_a_narrow_terminal_cuts_no_figure_and_no_name(found: Outlook, columns: int) -> None:
    terminal = {"FORCE_COLOR": "1", "COLUMNS": str(columns)}
    printed = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", hnb(*ASKED, cwd=EXAMPLES, env=terminal).stdout)
    assert max(map(len, printed.splitlines())) <= columns
    assert "…" not in printed
    words = set(re.findall(r"[^\s┃│]+", printed))
    for scenario in found.scenarios:
        assert {str(millions(year.reserve_pence.p50)) for year in scenario.years} <= words
    for year in found.scenarios[0].years[1:]:
        assert {str(millions(pence)) for pence in (year.reserve_pence.p10, year.reserve_pence.p90)} <= words
    for one in found.places:
        assert {f"{one.places:,}", f"{one.filled:,}", f"{one.years[-1].children.p50:,}", "all-through"} <= words


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_the_demos_last_screen_cuts_no_figure_either(columns: int) -> None:
    """Of the scenarios shipped, which are what the demo asks for."""
    inputs = read_inputs("authority.json", (EXAMPLES / "authority.json").read_bytes())
    small = outlook(inputs, shipped_pack(), simulations=40, seed=1)
    screen = Console(width=columns, file=StringIO())
    print_outlook(screen, Made(small, 7))
    assert isinstance(screen.file, StringIO)
    printed = screen.file.getvalue().split("Run 7:")[0]
    assert max(map(len, printed.splitlines())) <= columns
    assert "…" not in printed
    assert {str(millions(year.reserve_pence.p50)) for year in small.scenarios[0].years} <= set(printed.split())
    assert "−£78.00m" in printed.split()


def test_where_no_layout_fits_lines_run_on_whole(found: Outlook) -> None:
    printed = hnb(*ASKED, cwd=EXAMPLES, env={"FORCE_COLOR": "1", "COLUMNS": "40"}).stdout
    for year in found.scenarios[0].years:
        assert str(millions(year.reserve_pence.p90)) in printed
