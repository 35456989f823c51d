"""Start the ledger service."""

from hnb.service import main
from ledger.app import build
from ledger.settings import LedgerSettings

if __name__ == "__main__":
    main("ledger", LedgerSettings, build)
