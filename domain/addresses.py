"""Addresses as they may be shown: in messages and logs that people pass on."""

from __future__ import annotations

from urllib.parse import urlsplit


def without_secrets(address: str) -> str:
    """The address without what may hold a password or a key: user, query and fragment."""
    if address.startswith(("/", ".", "~")):
        return address  # a path
    if "://" not in address:
        return address.rpartition("@")[2].partition("?")[0]
    try:
        parts = urlsplit(address)
    except ValueError:
        return f"{address.partition('://')[0]}://..."
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
