"""Start the placements service, or look after its tokens."""

import sys

from hnb.service import main
from hnb.settings import load
from placements.app import build
from placements.settings import PlacementsSettings
from placements.tokens import issuing


def _database() -> str:
    return load("placements", PlacementsSettings).database_url.get_secret_value()


if __name__ == "__main__":
    if sys.argv[1:2] == ["tokens"]:
        raise SystemExit(issuing.run(sys.argv[2:], "python -m placements tokens", _database))
    main("placements", PlacementsSettings, build)
