"""Draws one outlook in a process of its own: what is asked comes in on standard input, the outlook goes out as JSON."""

import sys

from pydantic import BaseModel

from ledger.forecast.faults import BadInput
from ledger.outlook.inputs import Inputs
from ledger.outlook.run import outlook
from ledger.outlook.scenarios import Pack

CANNOT = 2


class Asked(BaseModel):
    """What to draw."""

    inputs: Inputs
    pack: Pack
    simulations: int
    seed: int
    level_pence: int | None


def main() -> int:
    """Writes the outlook; CANNOT, and why on standard error, where the inputs do not allow one."""
    asked = Asked.model_validate_json(sys.stdin.buffer.read())
    try:
        found = outlook(
            asked.inputs, asked.pack, simulations=asked.simulations, seed=asked.seed, level_pence=asked.level_pence
        )
    except BadInput as bad:
        sys.stderr.write(str(bad))
        return CANNOT
    sys.stdout.write(found.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
