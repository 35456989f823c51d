"""Every condition said once more, for a hearer whose memory is not this service's."""

from collections.abc import Callable

from fastapi import APIRouter

from hnb.conditions.looking import Conditions


def make_router(conditions: Conditions, wake: Callable[[], None]) -> APIRouter:
    """The route, over what one service says; `wake` tells its relay that there is something to send."""
    router = APIRouter(tags=["operations"])

    @router.post("/conditions/replay", summary="Say every condition once more, as it was last said")
    def post_replay() -> dict[str, int]:
        """Under a version above all said before. Where it is what was last heard, nobody is told anything."""
        said = conditions.say_again()
        wake()
        return {"conditions": said}

    return router
