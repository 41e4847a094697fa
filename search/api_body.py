"""Media in a request's body, never more of it than is allowed."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from domain.errors import BadRequest

MEDIA_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


async def read_body(request: Request, largest_bytes: int, what: str) -> bytes:
    """Raises BadRequest when it is empty, or as soon as it is larger: the rest is not read."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > largest_bytes:
        raise BadRequest(f"{what} is larger than {largest_bytes / 1e6:.0f} MB: send a smaller one")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > largest_bytes:
            raise BadRequest(f"{what} is larger than {largest_bytes / 1e6:.0f} MB: send a smaller one")
    if not body:
        raise BadRequest(f"{what} is missing: send it as the body of the request")
    return bytes(body)
