"""What several routes are asked with."""

from typing import Annotated

from fastapi import Query

MOST = 5_000
Authority = Annotated[str, Query(pattern=r"^(E\d{8})?$", description="an ONS code; all authorities when empty")]
Limit = Annotated[int, Query(ge=1, le=MOST)]
