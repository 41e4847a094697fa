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
        """200 when this node answers searches and stores what comes; 503 with the reason, part by part, when not.

        What is wrong beside it changes no status code: where a worker is missing, or a stage is stuck (`stuck`),
        `status` is "degraded".
        """
        states = {
            "store": _store_state(parts),
            "streams": _streams_state(parts),
            "encoders": PartModel(ok=True, detail=", ".join(f"{info.role}: {info.name}" for info in parts.encoders)),
        }
        stuck = [StuckModel.of(stage) for stage in parts.stuck()]
        serves, others = all(state.ok for state in states.values()), _other_states(parts)
        if not serves:
            response.status_code = 503
        works = "ready" if all(state.ok for state in others.values()) and not stuck else "degraded"
        return HealthModel(
            status=works if serves else "not ready",
            parts=states | others,
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


def _streams_state(parts: ApiParts) -> PartModel:
    try:
        storing, why_not = parts.ready()
    except Exception as error:  # whatever it is, nothing says that they work
        _log.warning("health: the state of the streams is not known: %s", error)
        return PartModel(ok=False, detail=f"not known: {type(error).__name__}")
    return PartModel(ok=storing, detail=why_not)


def _other_states(parts: ApiParts) -> dict[str, PartModel]:
    try:
        others = parts.others()
    except Exception as error:  # likewise
        _log.warning("health: the state of the other parts is not known: %s", error)
        return {"others": PartModel(ok=False, detail=f"not known: {type(error).__name__}")}
    return {name: PartModel(ok=fault is None, detail=fault or "") for name, fault in others.items()}


def _store_state(parts: ApiParts) -> PartModel:
    try:
        parts.store.count("scene")
    except Exception as error:  # whatever an engine raises, it does not answer
        _log.warning("health: the store does not answer: %s", error)
        return PartModel(ok=False, detail=f"does not answer: {error}")
    return PartModel(ok=True, detail="")
