"""Forecast runs over HTTP: made on demand, listed, read with what they were made of, and made again."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from hnb.database import reading
from hnb.http import Moment, problem
from ledger.api.positions import Authority, KnownAt
from ledger.forecast.faults import BadInput
from ledger.handlers import Ledger
from ledger.outlook.reading import MAX_SCENARIOS_BYTES
from ledger.outlook.scenarios import Pack, read_pack
from ledger.runs import making, store
from ledger.runs.drawing import Busy, Failed

RETRY_SECONDS = 5
Number = Annotated[int, Path(ge=1, le=2**62, description="a run's number")]


class ForecastAsked(BaseModel):
    """What to forecast. What is left out is as in the nightly run."""

    model_config = ConfigDict(extra="forbid")

    authority: str = Field(pattern=r"^E\d{8}$")
    simulations: int = Field(making.SIMULATIONS, ge=1, le=making.MOST_SIMULATIONS)
    seed: int = Field(making.SEED, ge=0, le=2**62)
    level_pence: int | None = Field(None, ge=-(10**13), le=10**13, description="of the reserve: when it is passed")
    known_at: Moment | None = Field(None, description="as known at this moment; now when left out")
    scenarios: str | None = Field(
        None, max_length=MAX_SCENARIOS_BYTES, description="YAML; the nightly run's when left out"
    )


def make_router(engine: Engine, ledger: Ledger, usual: Pack, wake: Callable[[], None]) -> APIRouter:
    """The routes, over the given database; `usual` scenarios are those of the nightly run."""
    router = APIRouter(prefix="/forecasts", tags=["forecasts"])

    @router.post("", status_code=201, summary="Forecast outturn, reserve and places, and keep the run")
    def post_forecast(asked: ForecastAsked) -> Response:
        def made() -> Response:
            own = asked.scenarios
            pack = usual if own is None else read_pack("scenarios", own.encode())
            wanted = making.Wanted(
                asked.authority, pack, asked.simulations, asked.seed, asked.level_pence, asked.known_at, own is None
            )
            number = making.make(engine, ledger, wanted)
            assert number is not None
            wake()
            return JSONResponse(_whole(number), 201)

        return _told(made)

    @router.get("", summary="An authority's runs, the last first")
    def get_runs(authority: Authority) -> dict[str, Any]:
        with reading(engine) as connection:
            return {"authority": authority, "runs": [asdict(run) for run in store.runs(connection, authority)]}

    @router.get("/inputs", summary="What a forecast would be made of now, or as known at a moment")
    def get_inputs_now(authority: Authority, known_at: KnownAt = None) -> Response:
        """Sums and counts, no child: the same bytes give the same forecast anywhere."""
        return _told(lambda: _json(making.inputs_for(engine, ledger, authority, known_at).written))

    @router.get("/scenarios", summary="The scenarios of the nightly run")
    def get_scenarios() -> Response:
        return _json(usual.written)

    @router.get("/{number}", summary="A run: its provenance and its outlook")
    def get_run(number: Number) -> JSONResponse:
        return JSONResponse(_whole(number))

    @router.get("/{number}/inputs", summary="What a run was made of")
    def get_inputs(number: Number) -> Response:
        return _json(_kept(number).inputs.written)

    @router.post("/{number}/repeat", summary="Make a run again from what was kept, and say whether it is the same")
    def post_repeat(number: Number) -> Response:
        def made() -> Response:
            kept = _kept(number)
            again = making.repeat(kept)
            return JSONResponse({
                "number": number, "same": again.same, "numpy": {"then": kept.run.numpy, "now": again.numpy},
                "model": {"then": kept.run.model, "now": again.model},
            })  # fmt: skip

        return _told(made)

    def _kept(number: int) -> store.Kept:
        with reading(engine) as connection:
            found = store.kept(connection, number)
        if found is None:
            raise HTTPException(404, f"there is no forecast run {number}")
        return found

    def _whole(number: int) -> dict[str, Any]:
        kept = _kept(number)
        whole: dict[str, Any] = jsonable_encoder({**asdict(kept.run), "outlook": kept.outlook})
        return whole

    return router


def _told(made: Callable[[], Response]) -> Response:
    try:
        return made()
    except BadInput as bad:
        return problem(422, str(bad))
    except Busy:
        return problem(503, "another forecast is being made; try again", headers={"Retry-After": str(RETRY_SECONDS)})
    except Failed as failed:
        return problem(500, f"the forecast failed: {failed}")


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
