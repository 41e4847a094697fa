"""Endpoints about what rules found: what people were told, what they were not, and what they say of it."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request

from domain.conditions import While, walk
from domain.errors import BadRequest
from domain.events import MODALITIES
from domain.marks import marked, unmarked
from domain.moment_reading import LabelledMoment
from domain.ports import MomentFilter
from domain.rules import Rule
from search.api_incident_models import IncidentModel, IncidentsModel, SuppressedListModel, SuppressedModel
from search.api_models import ErrorModel
from search.api_parts import ApiParts, RuleParts
from search.api_rule_models import MarkModel, RuleModel
from search.api_rules import RuleChanges
from search.clip_links import Links
from search.rule_history import labelled

_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": ErrorModel}}
_NEAR = 1000  # moments at the same time

Many = Annotated[int, Query(ge=1, le=500)]


def incident_routes(parts: ApiParts, rules: RuleParts, changes: RuleChanges) -> APIRouter:
    routes = APIRouter(tags=["rules"])

    def links(request: Request) -> Links:
        return Links(parts.archive, parts.public_url or str(request.base_url), parts.store)

    @routes.get("/incidents", responses=_NOT_FOUND)
    def incidents(
        request: Request,
        rule: Annotated[str | None, Query(description="id or name; of all rules when it is left out")] = None,
        limit: Many = 50,
    ) -> IncidentsModel:
        """What people were told, latest first. About the last 500 are remembered."""
        names = {known.rule.id: known.rule.name for known in rules.at_work.all()}
        told = rules.at_work.told(rules.at_work.find(rule).rule.id if rule is not None else None)[:limit]
        seen = links(request)
        return IncidentsModel(
            incidents=[
                IncidentModel.of(
                    each.incident, each.is_open, names.get(each.incident.rule_id, each.incident.rule_id), seen,
                    parts.speakers.label,
                )
                for each in told
            ]
        )  # fmt: skip

    @routes.get("/rules/{who}/suppressed", responses=_NOT_FOUND)
    def suppressed(request: Request, who: str, limit: Many = 50) -> SuppressedListModel:
        """Matches that nobody was told of, latest first, each with the reason."""
        latest, counts = rules.at_work.suppressed(rules.at_work.find(who).rule.id)
        seen = links(request)
        return SuppressedListModel(
            suppressed=[SuppressedModel.of(each, seen, parts.speakers.label) for each in latest[:limit]],
            counts=dict(counts),
        )

    @routes.post("/rules/{who}/marks", responses=_NOT_FOUND)
    async def mark(who: str, body: MarkModel) -> RuleModel:
        """Says of a moment whether people should be told of it. A rule decided by examples learns from it; in any,
        what was right does not count against the false alarms."""
        async with changes.turn:
            known = rules.at_work.find(who)
            if body.is_right is None:
                rule = unmarked(known.rule, str(body.moment_id))
            else:
                rule = await to_thread.run_sync(marks, parts, rules, known.rule, str(body.moment_id), body.is_right)
            return await changes.set(rule, known.query)

    return routes


def marks(parts: ApiParts, rules: RuleParts, rule: Rule, moment_id: str, is_right: bool) -> Rule:
    moment = _moment(parts, moment_id)
    near: list[LabelledMoment] = []
    if any(isinstance(part, While) for part in walk(rule.condition)):
        where = MomentFilter((moment.moment.source,), moment.moment.start_s, moment.moment.end_s, only_final=True)
        near = [
            each for kind in MODALITIES for each in labelled(parts.store.newest(kind, where, _NEAR, with_vectors=True))
        ]
    match = rules.at_work.match_one(rule.id, moment, near)
    if match is None:
        raise BadRequest("the rule does not hold in that moment at all: there is nothing to learn from it")
    return marked(rule, match, is_right)


def _moment(parts: ApiParts, moment_id: str) -> LabelledMoment:
    for kind in MODALITIES:
        for each in labelled(parts.store.get(kind, [moment_id], with_vectors=True)):
            return each
    raise BadRequest(f"there is no moment {moment_id[:80]}: it may have been deleted, or replaced by another")
