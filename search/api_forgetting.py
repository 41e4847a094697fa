"""Endpoints about forgetting a voice, and the rules that know it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from search.api_models import NOT_FOUND
from search.api_parts import ApiParts
from search.api_rules import RuleChanges
from search.rules_at_work import UnknownRule
from search.rules_of_speaker import RuleOfSpeaker, Why, rules_of_speaker

_log = logging.getLogger(__name__)

_AlsoRules = Annotated[
    bool, Query(description="also removes every rule that knows the speaker and does not exclude it: GET lists them")
]
_NotLookedInto = Annotated[
    int, Field(description="rules that are left out, which may hold the voice or not: GET /rules lists them")
]


class RuleOfSpeakerModel(BaseModel):
    id: str
    name: str
    query: str
    why: Why = Field(
        description="it holds the vector of a voice like this one, or names the speaker in its query, or excludes it"
    )
    likeness: float | None = Field(description="of the voice, 0 to 1; below about 0.82 it may well be another's")

    @staticmethod
    def of(rule: RuleOfSpeaker) -> RuleOfSpeakerModel:
        likeness = None if rule.likeness is None else round(rule.likeness, 3)
        known = rule.known
        return RuleOfSpeakerModel(
            id=known.rule.id, name=known.rule.name, query=known.query, why=rule.why, likeness=likeness
        )


class RulesOfSpeakerModel(BaseModel):
    rules: list[RuleOfSpeakerModel]
    not_looked_into: _NotLookedInto


class ForgottenModel(BaseModel):
    label: str = Field(description="what people called the speaker")
    rules_removed: list[RuleOfSpeakerModel] = Field(description="with their vectors")
    rules_left: list[RuleOfSpeakerModel] = Field(
        description="they know the voice on, or name or exclude somebody who is nobody any more; also those that could "
        "not be removed"
    )
    not_looked_into: _NotLookedInto


def forgetting_routes(parts: ApiParts, changes: RuleChanges | None) -> APIRouter:
    """`changes` of None: this API knows of no rules."""
    routes = APIRouter(prefix="/speakers", tags=["speakers"])

    def known(who: str) -> list[RuleOfSpeakerModel]:
        rules = [] if parts.rules is None else parts.rules.at_work.all()
        return [RuleOfSpeakerModel.of(each) for each in rules_of_speaker(parts.speakers, rules, who)]

    def not_looked_into() -> int:
        return 0 if parts.rules is None else len(parts.rules.at_work.left_out())

    @routes.get("/{who}/rules", responses=NOT_FOUND)
    def rules_that_know(who: str) -> RulesOfSpeakerModel:
        """Rules by the example of a voice like this one, and those whose query names the speaker or excludes it."""
        return RulesOfSpeakerModel(rules=known(who), not_looked_into=not_looked_into())

    @routes.delete("/{who}", responses=NOT_FOUND)
    async def forget(who: str, rules: _AlsoRules = False) -> ForgottenModel:
        """Deletes the name, the voice vectors and the labels for good. What was said stays, and so do rules, unless
        they are to go too."""
        # Looked for before the voice is gone, which they are known by, and removed after it: should it not go, asking
        # again finds them all.
        speaker, found = await to_thread.run_sync(lambda: (parts.speakers.find(who), known(who)))
        await to_thread.run_sync(parts.speakers.forget, speaker.id)
        wanted = [each for each in found if each.why != "excluded"] if rules and changes is not None else []
        removed = [] if changes is None else await _removed(changes, wanted)
        return ForgottenModel(
            label=speaker.label,
            rules_removed=removed,
            rules_left=[each for each in found if each not in removed],
            not_looked_into=not_looked_into(),
        )

    return routes


async def _removed(changes: RuleChanges, rules: Sequence[RuleOfSpeakerModel]) -> list[RuleOfSpeakerModel]:
    """Those that are gone: all, or those before the first that Kafka did not take."""
    removed = list[RuleOfSpeakerModel]()
    for each in rules:
        try:
            with suppress(UnknownRule):  # removed by somebody else meanwhile
                await changes.remove(each.id)
        except OSError as error:
            _log.warning("rules of a forgotten speaker stay, from %r on: %s", each.name, error)
            break
        removed.append(each)
    return removed
