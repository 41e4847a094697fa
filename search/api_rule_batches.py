"""Many rules set at once: one look at history for all of them, where one by one each would take its own."""

from __future__ import annotations

import asyncio
from typing import Literal

from anyio import to_thread
from fastapi import APIRouter
from pydantic import BaseModel, Field

from search.api_parts import ApiParts
from search.api_rule_models import DraftModel
from search.api_rules import RuleChanges
from search.rule_examples import example_of_moment

MOST_AT_ONCE = 1000


class BatchModel(BaseModel):
    rules: list[DraftModel] = Field(max_length=MOST_AT_ONCE, description="each takes the place of one of its name")


class DoneModel(BaseModel):
    id: str
    name: str
    done: Literal["added", "set"]


class BatchDoneModel(BaseModel):
    rules: list[DoneModel]
    warnings: list[str] = []


def rule_batch_routes(parts: ApiParts, changes: RuleChanges) -> APIRouter:
    routes = APIRouter(tags=["rules"], prefix="/rules")

    @routes.post("/batch")
    async def set_all(body: BatchModel) -> BatchDoneModel:
        """Adds rules, and sets those that there are by their names. Where one can't be watched for, nothing is done."""
        examples = await asyncio.gather(
            *(to_thread.run_sync(example_of_moment, parts, each.like) for each in body.rules)
        )
        drafts = [each.draft(example) for each, example in zip(body.rules, examples, strict=True)]
        done, late = await changes.set_all(drafts)
        warnings = [f"{len(late)} of them are kept, but learn from what is stored still"] if late else []
        rules = [DoneModel(id=rule.id, name=rule.name, done="added" if is_new else "set") for rule, is_new in done]
        return BatchDoneModel(rules=rules, warnings=warnings)

    return routes
