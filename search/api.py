"""The HTTP API of a search node: what the dashboard, the terminal and other programs ask.

Blocking work runs in threads: searches in the server's own pool, clips in a small one beside it, so that people who
wait for a clip never keep others from searching.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from search.api_answers import answer_routes
from search.api_examples import example_routes
from search.api_forgetting import forgetting_routes
from search.api_guards import add_guards
from search.api_incidents import incident_routes
from search.api_marks import mark_routes
from search.api_media import media_routes
from search.api_models import ErrorModel
from search.api_node import node_routes
from search.api_parts import ApiParts
from search.api_rule_batches import rule_batch_routes
from search.api_rule_examples import rule_example_routes
from search.api_rules import RuleChanges, rule_routes
from search.api_search import search_routes
from search.api_speakers import speaker_routes
from search.api_uploads import Uploads
from search.api_webhooks import webhook_routes
from search.clips import Clips

__all__ = ["ApiParts", "create_api"]


def create_api(parts: ApiParts) -> FastAPI:
    """The API over these parts, ready for an ASGI server. Raises OSError when the clips' folder can't be made."""
    api = FastAPIOffline(
        redoc_url=None,
        title="Nowseen",
        summary="Search what is being seen and said right now.",
        version=_version(),
        responses={status: {"model": ErrorModel} for status in (400, 503)},
    )
    add_guards(api, parts.hosts)
    api.include_router(search_routes(parts))
    uploads = Uploads()
    api.include_router(example_routes(parts, uploads))
    api.include_router(answer_routes(parts, lambda asked: parts.service.search(asked), parts.answering))
    api.include_router(media_routes(parts, Clips(parts.archive, parts.clips)))
    api.include_router(speaker_routes(parts))
    api.include_router(node_routes(parts))
    changes = None if parts.rules is None else RuleChanges(parts, parts.rules)
    api.include_router(forgetting_routes(parts, changes))
    if parts.rules is not None and changes is not None:
        api.include_router(rule_batch_routes(parts, changes))
        api.include_router(rule_routes(parts, parts.rules, changes))
        api.include_router(rule_example_routes(parts, parts.rules, changes, uploads))
        api.include_router(incident_routes(parts, parts.rules))
        api.include_router(mark_routes(parts, parts.rules, changes))
    if parts.webhooks is not None:
        api.include_router(webhook_routes(parts.webhooks))

    @api.get("/", include_in_schema=False)
    def root() -> RedirectResponse:
        return RedirectResponse("/docs")

    return api


def _version() -> str:
    try:
        return version("nowseen")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"
