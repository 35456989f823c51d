"""What the placements service is told by its environment."""

from pydantic import Field

from hnb.settings import ServiceSettings


class PlacementsSettings(ServiceSettings):
    """The shared settings, at this service's own default port, and how its door is kept."""

    port: int = Field(8001, ge=0, le=65535, description="the port the HTTP door listens on")
    require_tokens: bool = Field(
        False, description="let in bearers of a token only, those made with `tokens new` too; HNB_TOKENS implies it"
    )
    events_per_second: float = Field(
        0, ge=0, le=1_000_000, description="how many events a second a token's bearer may send here; 0 is any number"
    )

    @property
    def guarded(self) -> bool:
        """Whether the HTTP door lets in bearers of a token only."""
        return self.require_tokens or super().guarded
