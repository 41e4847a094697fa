"""A terminal's way to the search node: one question over HTTP, and one sentence when there is no answer."""

from __future__ import annotations

from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

FOUND, NOTHING_FOUND, FAILED = 0, 1, 2  # exit codes, as grep's

_TIMEOUT_S = 60.0  # the first question after a start loads and warms the models


class NodeFailed(Exception):  # noqa: N818  (the node's failure or the question's, told to a person)
    """No answer, or a refusal. The message says why; `at`, which characters of the query are meant."""

    def __init__(self, message: str, at: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.at = at


def ask_node(
    api_url: str,
    method: str,
    path: str,
    *,
    holds: str | None,
    transport: httpx.BaseTransport | None = None,
    **more: Any,
) -> Any:
    """The answer's JSON, an object with the field `holds`; None when nothing is to be answered. Raises NodeFailed.

    `more` goes to httpx: params, json, content, headers.
    """
    try:
        with httpx.Client(base_url=api_url, timeout=_TIMEOUT_S, transport=transport) as client:
            response = client.request(method, path, **more)
        if response.status_code == httpx.codes.NO_CONTENT and holds is None:
            return None
        answer = response.json()
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise NodeFailed(f"{api_url} is not an address such as http://127.0.0.1:8600") from error
    except httpx.TimeoutException as error:
        why = f"the node at {api_url} did not answer within {_TIMEOUT_S:.0f} s: {api_url}/health says why"
        raise NodeFailed(why) from error
    except httpx.TransportError as error:
        raise NodeFailed(f"no node answers at {api_url} ({error}): is `nowseen up` running?") from error
    except ValueError as error:
        raise NodeFailed(_not_ours(api_url)) from error
    if not response.is_success:
        if not isinstance(answer, dict):
            raise NodeFailed(response.text)
        raise NodeFailed(str(answer.get("error", response.text)), _place(answer.get("at")))
    if not isinstance(answer, dict) or holds not in answer:
        raise NodeFailed(_not_ours(api_url))
    return answer


def _place(at: Any) -> tuple[int, int] | None:
    return (int(at["start"]), int(at["end"])) if isinstance(at, dict) and {"start", "end"} <= at.keys() else None


def print_failure(errors: Console, message: str) -> int:
    errors.print(f"[red]Error:[/red] {escape(message)}")
    return FAILED


def _not_ours(api_url: str) -> str:
    return f"what answers at {api_url} is no Nowseen node: is another program on that port?"
