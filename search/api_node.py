"""Endpoints about the node itself: its models, its health, its numbers."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Response

from search.api_models import EncoderModel, EncodersModel, HealthModel, PartModel, StuckModel, stand_in_warnings
from search.api_parts import ApiParts

_log = logging.getLogger(__name__)


def node_routes(parts: ApiParts) -> APIRouter:
    routes = APIRouter(tags=["node"])

    @routes.get("/encoders")
    def encoders() -> EncodersModel:
        """The models in use, where their weights came from, and which of them only stand in for others."""
        return EncodersModel(encoders=[EncoderModel.of(info) for info in parts.encoders])

    @routes.get("/health", responses={503: {"model": HealthModel}})
    def health(response: Response) -> HealthModel:
        """200 when searches are answered and new events stored; 503 with the reason, part by part, when not.

        A stage that is stuck is named in `stuck` and in a warning: searches are answered all the same.
        """
        storing, why_not = parts.ready()
        states = {
            "store": _store_state(parts),
            "streams": PartModel(ok=storing, detail=why_not),
            "encoders": PartModel(ok=True, detail=", ".join(f"{info.role}: {info.name}" for info in parts.encoders)),
        }
        stuck = [StuckModel.of(stage) for stage in parts.stuck()]
        ready = all(state.ok for state in states.values())
        if not ready:
            response.status_code = 503
        return HealthModel(
            status="ready" if ready else "not ready",
            parts=states,
            lag=dict(parts.lag()),
            warnings=[*stand_in_warnings(parts.encoders), *(stage.detail for stage in stuck)],
            stuck=stuck,
        )

    @routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def metrics() -> Response:
        """For Prometheus."""
        for topic, records in parts.lag().items():
            parts.metrics.lag(topic, records)
        page, content_type = parts.metrics.render()
        return Response(page, headers={"Content-Type": content_type})

    return routes


def _store_state(parts: ApiParts) -> PartModel:
    try:
        parts.store.count("scene")
    except Exception as error:  # whatever an engine raises, it does not answer
        _log.warning("health: the store does not answer: %s", error)
        return PartModel(ok=False, detail=f"does not answer: {error}")
    return PartModel(ok=True, detail="")
