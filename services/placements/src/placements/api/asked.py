"""What several routes are asked with."""

from typing import Annotated

from fastapi import Query

from hnb.events import Day

MOST = 5_000
Authority = Annotated[str, Query(pattern=r"^(E\d{8})?$", description="an ONS code; all authorities when empty")]
OneAuthority = Annotated[str, Query(pattern=r"^E\d{8}$", description="an ONS code, such as E06000016")]
Limit = Annotated[int, Query(ge=1, le=MOST)]
After = Annotated[str, Query(max_length=1_000, description="what `next` of the page before says")]
On = Annotated[Day | None, Query(description="the day it is asked of, by what is known now; today when left out")]
FinancialYear = Annotated[int | None, Query(ge=1990, le=2099, description="2025 is 2025-26; this year when left out")]
