"""Start the alerts service."""

from alerts.app import build
from alerts.settings import AlertsSettings
from hnb.service import main

if __name__ == "__main__":
    main("alerts", AlertsSettings, build)
