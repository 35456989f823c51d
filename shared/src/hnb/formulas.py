"""Words in a CSV file that a spreadsheet would run as a formula stay words."""

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_words(value: str) -> str:
    """With an apostrophe before them, where they begin as a formula does."""
    return f"'{value}" if value.startswith(_STARTS_A_FORMULA) else value
