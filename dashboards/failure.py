"""What the page says when the search node does not answer, or refuses to; and how often it looks again."""

from __future__ import annotations

from dashboards import markup
from dashboards.api_client import ApiDown, ApiRefused, SearchApi

REFRESH_S = 2.0


def failure(api: SearchApi, error: ApiDown | ApiRefused) -> str:
    if isinstance(error, ApiRefused):
        return markup.notice("The search node can't answer this", [str(error)])
    address = f"No usable answer from {api.url}. This page tries again every {REFRESH_S:.0f} s."
    return markup.notice("Waiting for the search node", [address, str(error)])
