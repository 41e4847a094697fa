"""Search by something shown or played: a picture, a clip, a voice, or what is said in a recording."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request

from domain.query import LONGEST_QUERY, Wording
from domain.query import Query as QueryRead
from search.api_body import MEDIA_BODY
from search.api_filters import Limit, Scope, scope
from search.api_models import SearchModel
from search.api_parts import ApiParts
from search.api_search import found, read_query
from search.api_uploads import Uploads
from search.request import Example
from search.scope import request_of

By = Annotated[
    Literal["picture", "clip", "voice", "speech"],
    Query(description="what of the body is looked for: what it shows, whose voice it is, or what is said in it"),
]


def example_routes(parts: ApiParts, uploads: Uploads) -> APIRouter:
    routes = APIRouter(tags=["search"])

    @routes.post("/search/by-example", openapi_extra={"requestBody": MEDIA_BODY})
    async def search_by_example(
        request: Request,
        by: By,
        scope: Annotated[Scope, Depends(scope)],
        q: Annotated[str, Query(description="words and filters beside it", max_length=LONGEST_QUERY)] = "",
        limit: Limit = 10,
    ) -> SearchModel:
        """The body is a picture (20 MB), a clip (100 MB, 60 s) or a recording of speech (20 MB; a voice 60 s, words
        30 s). Send it as image/..., video/..., audio/... or application/octet-stream."""
        query = read_query(parts, q)

        def search(media: bytes) -> SearchModel:
            asked = query
            began_s = time.perf_counter()
            like: tuple[Example, ...] = ()
            match by:
                case "picture":
                    like = (Example("picture", parts.examples.picture(media)),)
                case "clip":
                    like = (Example("picture", parts.examples.clip(media)),)
                case "voice":
                    like = (Example("voice", parts.examples.voice(media)),)
                case "speech":
                    asked = _also(query, parts.examples.speech(media))
            read_ms = (time.perf_counter() - began_s) * 1000
            wanted = request_of(asked, parts.ids_of, scope.where(parts), scope.kinds, limit=limit, like=like)
            return found(parts, request, q, asked, wanted, scope.sources, {"read": read_ms})

        return await uploads.look(request, by, search)

    return routes


def _also(query: QueryRead, words: str) -> QueryRead:
    """Ranked by these words too. They are nobody's query language: a "while" in them is a word."""
    first, *others = query.clauses

    def also(text: str) -> str:
        return f"{text} {words}".strip()[:LONGEST_QUERY]

    alternatives = tuple(Wording(also(each.text), each.phrases) for each in first.alternatives)
    return QueryRead((replace(first, text=also(first.text), alternatives=alternatives), *others))
