"""Endpoints that take a picture or a voice to watch for: the body is the example, the rest stands in the address."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from domain.conditions import Graded
from domain.errors import BadRequest
from domain.rule_drafts import rule_of
from search.api_body import MEDIA_BODY
from search.api_models import NOT_FOUND
from search.api_parts import ApiParts, RuleParts
from search.api_rule_models import BacktestModel, ChangesModel, DraftModel, RuleModel, TryModel
from search.api_rules import RuleChanges
from search.api_uploads import Uploads
from search.rule_examples import ExampleKind, example_of_media

_BY = Field(description="what of the body is watched for: what it shows, or whose voice it is")
_MEDIA = {"requestBody": MEDIA_BODY}


class DraftByExample(DraftModel):
    by: ExampleKind = _BY


class ChangesByExample(ChangesModel):
    by: ExampleKind = _BY


class TryByExample(TryModel):
    by: ExampleKind = _BY


def rule_example_routes(parts: ApiParts, rules: RuleParts, changes: RuleChanges, uploads: Uploads) -> APIRouter:
    """Pictures have 20 MB at most, recordings of one voice 20 MB and 60 s, as in POST /search/by-example."""
    routes = APIRouter(tags=["rules"], prefix="/rules")

    async def seen(request: Request, rule: DraftByExample | ChangesByExample | TryByExample) -> Graded:
        if rule.like:
            raise BadRequest("one example at a time: the body, or the moment named by like")
        return await uploads.look(request, rule.by, partial(example_of_media, parts, rules, rule.by))

    @routes.post("/by-example", status_code=201, openapi_extra=_MEDIA)
    async def add(request: Request, rule: Annotated[DraftByExample, Query()]) -> RuleModel:
        """Watches for what is like the body, and fits the query where there is one. The example's vector is kept, not
        the example."""
        return await changes.add(rule.draft(await seen(request, rule)))

    @routes.post("/backtest/by-example", openapi_extra=_MEDIA)
    async def backtest(request: Request, rule: Annotated[TryByExample, Query()]) -> BacktestModel:
        """What such a rule would have told of what is stored, or of what Kafka still holds."""
        if rule.rule:
            raise BadRequest("try a rule that there is by POST /rules/backtest, or another by an example: not both")
        draft = rule.draft(await seen(request, rule))
        return await changes.try_out(request, rule_of(draft, "draft", parts.ids_of), rule.days, rule.over)

    @routes.patch("/{who}/by-example", openapi_extra=_MEDIA, responses=NOT_FOUND)
    async def change(request: Request, who: str, rule: Annotated[ChangesByExample, Query()]) -> RuleModel:
        """Another example; what else is left out stays."""
        rules.at_work.find(who)  # before anything is looked at
        example = await seen(request, rule)
        return await changes.change(who, lambda known: rule.applied_to(known, example))

    return routes
