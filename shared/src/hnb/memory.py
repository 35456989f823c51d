"""How often Python looks for garbage that reference counts leave behind."""

import gc

OBJECTS_BETWEEN = 20_000  # Python's own 700 let every batch of events be gone through dozens of times


def collect_seldom() -> None:
    """For a process that handles events by the batch, once what it works with is loaded, which is never garbage.

    Events and postings have no cycles: a third of a batch's time went into looking for some.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN, 20, 50)
