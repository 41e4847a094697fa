"""Endpoints about what rules found: what people were told, and what they were not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from search.api_incident_models import IncidentModel, IncidentsModel, SuppressedListModel, SuppressedModel
from search.api_models import NOT_FOUND
from search.api_parts import ApiParts, RuleParts
from search.clip_links import Links

Many = Annotated[int, Query(ge=1, le=500)]


def incident_routes(parts: ApiParts, rules: RuleParts) -> APIRouter:
    routes = APIRouter(tags=["rules"])

    def links(request: Request) -> Links:
        return Links(parts.archive, parts.public_url or str(request.base_url), parts.store)

    @routes.get("/incidents", responses=NOT_FOUND)
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

    @routes.get("/rules/{who}/suppressed", responses=NOT_FOUND)
    def suppressed(request: Request, who: str, limit: Many = 50) -> SuppressedListModel:
        """Matches that nobody was told of, latest first, each with the reason."""
        latest, counts = rules.at_work.suppressed(rules.at_work.find(who).rule.id)
        seen = links(request)
        return SuppressedListModel(
            suppressed=[SuppressedModel.of(each, seen, parts.speakers.label) for each in latest[:limit]],
            counts=dict(counts),
        )

    return routes
