"""Start the placements service."""

from hnb.service import main
from placements.app import build
from placements.settings import PlacementsSettings

if __name__ == "__main__":
    main("placements", PlacementsSettings, build)
