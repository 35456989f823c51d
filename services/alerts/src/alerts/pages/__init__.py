"""The pages of alerts: the officers' inbox, silences, and the page that a signed link in a message opens."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import Engine

from alerts.handlers import Alerts
from alerts.links import Links
from alerts.pages import alert, inbox, linked, silences
from hnb.pages import Pages


def routers(
    engine: Engine, alerts: Alerts, links: Links, pages: Pages, now: Callable[[], datetime], wake: Callable[[], None]
) -> list[APIRouter]:
    """Every page, over the given database; `now` is the clock, and `wake` is called after something was decided.

    Without a secret to sign links with there is no page for them, and they lead to the inbox.
    """
    every = [
        inbox.make_router(engine, alerts.rules, pages, now),
        alert.make_router(engine, alerts, pages, now, wake),
        silences.make_router(engine, pages, now, wake),
    ]
    return [*every, linked.make_router(engine, alerts, links, pages, now, wake)] if links.secret else every
