"""Which part of a list is asked for, over one authority or all of them."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Asked:
    """An authority (all when empty), what `next` of the page before said, how many rows (None: all), and which day."""

    authority: str
    after: str
    most: int | None
    today: date

    def binds(self) -> dict[str, object]:
        """What the statements are bound to; an `after` without an authority is within the one asked for."""
        authority, _, id = self.after.rpartition(" ")
        return {
            "authority": self.authority,
            "after_authority": authority or self.authority,
            "after_id": id,
            "most": self.most,
            "today": self.today,
        }


def cursor(authority: str, id: str) -> str:
    """What to ask for `after` this row."""
    return f"{authority} {id}"
