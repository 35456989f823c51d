"""The tariff over HTTP: its versions, their prices, a new one taken in whole, and what it would do."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, date
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt, TypeAdapter, ValidationError
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from hnb.database import reading
from hnb.events import Cost, FieldError, Pence, Ref, Text, Unreadable, Year, read_json
from hnb.http import problem, read_body
from hnb.provisions import Provision
from placements import pricing, tariff
from placements.api.asked import OneAuthority
from placements.domain.tariff import ANY, PriceKey, Tariff, compare, following
from placements.tariff import Governing, Version

MAX_PRICES = 50_000
MAX_BYTES = 16 * 1024 * 1024
PREVIEWED_AT_ONCE = 5_000

Author = Annotated[Text, Query(description="who answers for these prices, as the versions show it")]
Whole = Annotated[bool, Query(description="this is the whole tariff: years it does not name have no price any more")]


class Price(BaseModel):
    """One price: for a provision in an academic year, and for a setting or a band where they are named.

    `row` is where it stands in the file it comes from, for messages.
    """

    model_config = ConfigDict(extra="forbid")

    row: Annotated[StrictInt, Field(ge=1)] | None = None
    academic_year: Year = Field(description="2025 is 1 September 2025 to 31 August 2026")
    provision: Provision
    setting_id: Ref | None = None
    band: Ref | None = None
    amount_pence: Pence
    per: Literal["year", "academic-year", "term", "week"]
    weeks: Annotated[StrictInt, Field(ge=38, le=52)] | None = None

    @property
    def key(self) -> PriceKey:
        return PriceKey(self.academic_year, str(self.provision), self.setting_id or ANY, self.band or ANY)


class Wrong(Exception):
    """What is wrong with the prices sent, row by row: none of them is taken."""

    def __init__(self, faults: Sequence[FieldError]) -> None:
        super().__init__(f"{len(faults)} of the prices are wrong, and none was taken")
        self.faults = faults


_PRICES = TypeAdapter(Annotated[list[Price], Field(min_length=1, max_length=MAX_PRICES)])
_PRICE = Price.model_json_schema(ref_template="#/components/schemas/{model}")
_PRICE.pop("$defs")  # a provision is described among the events
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "array", "maxItems": MAX_PRICES, "items": _PRICE}}},
    }
}


def make_router(engine: Engine, today: Callable[[], date]) -> APIRouter:
    """The routes, over the given database. A version is in force by the days in it, whatever the day."""
    router = APIRouter(tags=["tariff"])

    @router.get("/tariff", summary="The prices of one version of the tariff")
    def get_tariff(
        authority: OneAuthority, version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
    ) -> dict[str, Any]:
        """The latest version where none is asked for. A null setting or band is any."""
        with reading(engine) as connection:
            found = tariff.versions(connection, authority, version)
            if not found:
                raise HTTPException(404, f"{authority} has no {f'version {version} of its' if version else ''} tariff")
            prices = tariff.prices(connection, authority, found[0].version)
            unsettled = tariff.unsettled(connection, authority)
        listed = [_price(key, cost) for key, cost in prices.items()]
        return {"authority": authority, **_described(found[0]), "unsettled": unsettled, "prices": listed}

    @router.get("/tariff/versions", summary="The versions of the tariff, the newest first")
    def get_versions(authority: OneAuthority) -> dict[str, Any]:
        with reading(engine) as connection:
            found = tariff.versions(connection, authority)
        return {"authority": authority, "versions": [_described(one) for one in found]}

    @router.post(
        "/tariff",
        summary="Take in prices, all of them or none",
        openapi_extra=_BODY,
        responses={200: {"description": "Nothing differs, or a preview"}, 201: {"description": "A new version"}},
    )
    async def post_tariff(
        request: Request,
        authority: OneAuthority,
        author: Author,
        whole: Whole = False,
        preview: Annotated[bool, Query(description="take nothing in, and answer with the events it would say")] = False,
        after: Annotated[str, Query(max_length=200, description="a preview's `next`")] = "",
    ) -> Response:
        """Prices are for whole academic years: other years stay as they are, unless this is the `whole` tariff.

        What differs makes a new version, which reprices what it governs; the same again changes nothing.
        """
        try:
            given = read_prices(await read_body(request, MAX_BYTES))
        except Unreadable as error:
            return problem(400, str(error))
        except Wrong as wrong:
            return problem(422, str(wrong), wrong.faults)
        if preview:
            return JSONResponse(await run_in_threadpool(_preview, engine, authority, given, whole, after))
        done = await run_in_threadpool(pricing.adopt, engine, authority, given, author=author, whole=whole)
        compared = asdict(done.compared)
        answer = {"authority": authority, "version": done.version, "is_new": done.is_new, "prices": compared}
        return JSONResponse(answer, 201 if done.is_new else 200)

    return router


def read_prices(raw: bytes) -> Tariff:
    """A JSON array of prices as a tariff; Wrong with every fault, by row, where there is any."""
    value = read_json(raw)
    if not isinstance(value, list):
        raise Wrong([FieldError("(prices)", "an array of prices is wanted")])
    try:
        given = _PRICES.validate_python(value)
    except ValidationError as error:
        raise Wrong([_fault(value, e) for e in error.errors(include_url=False, include_input=False)]) from None
    faults = []
    first: dict[PriceKey, str] = {}
    found: dict[PriceKey, Cost] = {}
    for index, price in enumerate(given):
        place = _place(price.row, index)
        if price.weeks is not None and price.per != "week":
            faults.append(FieldError(f"{place}.weeks", "weeks is given only where per is week"))
            continue
        if price.key in first:
            faults.append(FieldError(place, f"prices the same as {first[price.key]}: which is meant?"))
        first.setdefault(price.key, place)
        found[price.key] = Cost(amount_pence=price.amount_pence, per=price.per, weeks=price.weeks)
    if faults:
        raise Wrong(faults)
    return found


def _place(row: object, index: int) -> str:
    return f"row {row}" if row is not None else f"price {index + 1}"


def _fault(prices: Sequence[Any], error: Any) -> FieldError:
    place, message = error["loc"], {"missing": "missing", "extra_forbidden": "unknown field"}
    said = message.get(error["type"], error["msg"])
    if not place:
        return FieldError("(prices)", said)
    given = prices[place[0]]
    row = given.get("row") if isinstance(given, dict) else None
    return FieldError(".".join((_place(row, place[0]), *map(str, place[1:]))), said)


def _preview(engine: Engine, authority: str, given: Tariff, whole: bool, after: str) -> dict[str, Any]:
    """A page of what a tariff would say: the very events that taking it in would lead to, as things stand."""
    with reading(engine) as connection:
        now, current = pricing.current_of(connection, authority)
        wanted = following(current, given, whole=whole)
        page = tariff.governed(connection, authority, after, PREVIEWED_AT_ONCE)
        instead = {authority: Governing(now + 1, wanted)}
        changes, _ = pricing.decide(connection, [(authority, id) for id in page], instead)
    compared = compare(current, wanted)
    return {
        "authority": authority,
        "version": now,
        "prices": asdict(compared),
        "placements_governed": len(page),
        "placements_affected": len(changes),
        "events": [orjson.loads(body) for body in pricing.events_of(changes)],
        "next": page[-1] if len(page) == PREVIEWED_AT_ONCE else None,
    }


def _described(version: Version) -> dict[str, Any]:
    return {
        "version": version.version, "made_at": version.made_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "author": version.author, "sha256": version.digest.hex(), "price_count": version.prices,
    }  # fmt: skip


def _price(key: PriceKey, cost: Cost) -> dict[str, Any]:
    return {
        "academic_year": key.academic_year, "provision": key.provision, "setting_id": key.setting_id or None,
        "band": key.band or None, "amount_pence": cost.amount_pence, "per": cost.per, "weeks": cost.weeks,
    }  # fmt: skip
