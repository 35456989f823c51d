"""What the placements service is told by its environment."""

from pydantic import Field

from hnb.settings import ServiceSettings


class PlacementsSettings(ServiceSettings):
    """The shared settings, at this service's own default port."""

    port: int = Field(8001, ge=0, le=65535, description="the port the HTTP door listens on")
