"""Endpoints about what people say of a rule's matches: right, or wrong."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request

from domain.conditions import While, walk
from domain.errors import BadRequest
from domain.events import MODALITIES
from domain.marks import marked, unmarked
from domain.moment_reading import LabelledMoment
from domain.ports import MomentFilter
from domain.rules import Rule
from search.api_models import NOT_FOUND
from search.api_parts import ApiParts, RuleParts
from search.api_rule_models import MarkedModel, MarkModel, MarksModel, RuleModel
from search.api_rules import RuleChanges
from search.clip_links import Links
from search.labelled_moments import labelled

_NEAR = 1000  # moments at the same time


def mark_routes(parts: ApiParts, rules: RuleParts, changes: RuleChanges) -> APIRouter:
    routes = APIRouter(tags=["rules"])

    @routes.get("/rules/{who}/marks", responses=NOT_FOUND)
    def marks(request: Request, who: str) -> MarksModel:
        """What was said of moments, latest first."""
        rule = rules.at_work.find(who).rule
        links = Links(parts.archive, parts.public_url or str(request.base_url), parts.store)
        ids, current = [mark.moment_id for mark in rule.marks], rule.condition_id
        stored = {each.id: each.moment for kind in MODALITIES for each in parts.store.get(kind, ids)} if ids else {}
        return MarksModel(
            marks=[MarkedModel.of(mark, current, stored.get(mark.moment_id), links) for mark in reversed(rule.marks)]
        )

    @routes.post("/rules/{who}/marks", responses=NOT_FOUND)
    async def mark(who: str, body: MarkModel) -> RuleModel:
        """Says of a moment whether people should be told of it. A rule decided by examples learns from it; in any,
        what was right does not count against the false alarms."""
        async with changes.turn:
            known = rules.at_work.find(who)
            if body.is_right is None:
                rule = unmarked(known.rule, str(body.moment_id))
            else:
                rule = await to_thread.run_sync(_marked, parts, rules, known.rule, str(body.moment_id), body.is_right)
            return await changes.set(rule, known.query)

    return routes


def _marked(parts: ApiParts, rules: RuleParts, rule: Rule, moment_id: str, is_right: bool) -> Rule:
    moment = _moment(parts, moment_id)
    near: list[LabelledMoment] = []
    if any(isinstance(part, While) for part in walk(rule.condition)):
        where = MomentFilter((moment.moment.source,), moment.moment.start_s, moment.moment.end_s, only_final=True)
        near = [
            each
            for kind in MODALITIES
            for each in labelled(parts.store.newest(kind, where, _NEAR, with_vectors=True), parts.speakers.resolve)
        ]
    match = rules.at_work.match_one(rule.id, moment, near)
    if match is None:
        raise BadRequest("the rule does not hold in that moment at all: there is nothing to learn from it")
    return marked(rule, match, is_right)


def _moment(parts: ApiParts, moment_id: str) -> LabelledMoment:
    for kind in MODALITIES:
        for each in labelled(parts.store.get(kind, [moment_id], with_vectors=True), parts.speakers.resolve):
            return each
    raise BadRequest(f"there is no moment {moment_id[:80]}: it may have been deleted, or replaced by another")
