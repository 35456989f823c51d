"""`make dashboards`: writes every dashboard as the file that Grafana is given."""

import json
import sys
from pathlib import Path

from boards.alerts import ALERTS
from boards.board import Board
from boards.demand import DEMAND
from boards.health import HEALTH
from boards.position import POSITION
from boards.tribunals import TRIBUNALS

FOLDER = Path(__file__).resolve().parents[1] / "dashboards"
BOARDS: tuple[Board, ...] = (POSITION, DEMAND, TRIBUNALS, ALERTS, HEALTH)


def texts() -> dict[Path, str]:
    """Each file with what should stand in it."""
    return {
        FOLDER / f"{board.uid}.json": json.dumps(board.written(), indent=1, ensure_ascii=False) + "\n"
        for board in BOARDS
    }


def main() -> None:
    """Write them, and name what changed."""
    for file, text in texts().items():
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
            sys.stdout.write(f"{file.name}\n")


if __name__ == "__main__":
    main()
