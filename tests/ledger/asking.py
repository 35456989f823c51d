"""The ledger's routes over a test's books, asked as any client asks them."""

from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ledger import api
from tests.cases import LEICESTER
from tests.ledger.conftest import Books


class Asking:
    """`ask("/positions", financial_year=2025)`: the JSON answer; `refused` where a refusal is what is wanted."""

    def __init__(self, books: Books) -> None:
        app = FastAPI()
        for router in api.routers(books.engine, books.ledger):
            app.include_router(router)
        self._client = TestClient(app)

    def __call__(self, path: str, **query: Any) -> Any:
        answer = self._get(path, query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str, **query: Any) -> int:
        return self._get(path, query).status_code

    def pages(self, path: str, listed: str, **query: Any) -> list[Any]:
        """All pages of a list, each asked for as known at the moment of the first."""
        page = self(path, **query)
        found = list(page[listed])
        while page["next"] is not None:
            page = self(path, **{"known_at": page["known_at"], **query, "after": page["next"]})
            found += page[listed]
        return found

    def _get(self, path: str, query: dict[str, Any]) -> httpx.Response:
        asked = {"authority": LEICESTER, **query}
        named = {"from" if name == "since" else name: value for name, value in asked.items()}
        response: httpx.Response = self._client.get(path, params=named)
        return response
