"""A search node that answers what the files in a folder say: `python stub_api.py FOLDER PORT`.

A real server in its own process, so that the page's HTTP, the browser's range requests and a node that dies are real.
FOLDER holds media/ and the answers: search.json, weak.json, newest.json, sources.json, encoders.json, health.json,
speakers.json, speaker.json, rules.json, rule.json, incidents.json, suppressed.json, backtest.json and webhooks.json.
Requests are appended to requests.log, with the body where there is one; of a file its length and type.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse


def app_for(folder: Path) -> FastAPI:
    app = FastAPI()

    def answer(name: str, request: Request, body: bytes = b"") -> Response:
        with (folder / "requests.log").open("a") as log:
            log.write(f"{request.url.path}?{request.url.query}{body.decode()}\n")
        refusal = folder / f"{name}.error"
        if refusal.exists():
            return JSONResponse(**json.loads(refusal.read_text()))
        return Response((folder / f"{name}.json").read_bytes(), media_type="application/json")

    @app.get("/health")
    def health() -> Response:
        return Response((folder / "health.json").read_bytes(), media_type="application/json")

    @app.get("/search")
    def search(request: Request) -> Response:
        return answer("weak" if "weak" in request.query_params else "search", request)

    @app.post("/search/by-example")
    async def by_example(request: Request) -> Response:
        body = await request.body()
        return answer("search", request, f"#{len(body)} {request.headers['content-type']}".encode())

    @app.get("/moments/newest")
    def newest(request: Request) -> Response:
        return answer("newest", request)

    @app.get("/sources")
    def sources(request: Request) -> Response:
        return answer("sources", request)

    @app.get("/encoders")
    def encoders(request: Request) -> Response:
        return answer("encoders", request)

    @app.get("/speakers")
    def speakers(request: Request) -> Response:
        return answer("speakers", request)

    @app.patch("/speakers/{id}")
    async def name(request: Request) -> Response:
        return answer("speaker", request, await request.body())

    @app.post("/speakers/{id}/merge")
    async def merge(request: Request) -> Response:
        return answer("speaker", request, await request.body())

    @app.get("/{name}")
    def list_all(name: Literal["rules", "incidents", "webhooks"], request: Request) -> Response:
        return answer(name, request)

    @app.get("/rules/{id}/suppressed")
    def suppressed(request: Request) -> Response:
        return answer("suppressed", request)

    @app.post("/rules/by-example")
    @app.patch("/rules/{id}/by-example")
    async def set_rule_by_example(request: Request) -> Response:
        return answer("rule", request, f"#{len(await request.body())}".encode())

    @app.post("/rules/backtest/by-example")
    async def backtest_by_example(request: Request) -> Response:
        return answer("backtest", request, f"#{len(await request.body())}".encode())

    @app.post("/rules/backtest")
    async def backtest(request: Request) -> Response:
        return answer("backtest", request, await request.body())

    @app.post("/rules")
    @app.patch("/rules/{id}")
    @app.post("/rules/{id}/marks")
    async def set_rule(request: Request) -> Response:
        return answer("rule", request, await request.body())

    @app.delete("/rules/{id}")
    def remove(request: Request) -> Response:
        answer("rule", request, b"removed")
        return Response(status_code=204)

    @app.get("/media/{name}")
    def media(name: str) -> Response:
        return FileResponse(folder / "media" / Path(name).name)

    return app


if __name__ == "__main__":
    uvicorn.run(app_for(Path(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
