"""What is shown of an address holds no secret."""

from __future__ import annotations

import pytest

from domain.addresses import without_secrets


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:6333", "http://127.0.0.1:6333"),
        ("https://me:hunter2@host:6333/path?key=hunter2#hunter2", "https://host:6333/path"),
        ("s3://bucket/folder", "s3://bucket/folder"),
        ("s3://key:sec@ret@bucket/folder", "s3://bucket/folder"),
        ("http://me:hunter2@[half", "http://..."),
        ("me:hunter2@host:6333?key=hunter2", "host:6333"),
        ("/data/archive?of#mine", "/data/archive?of#mine"),
    ],
)
def test_an_address_is_shown_without_user_password_and_query(address: str, shown: str) -> None:
    assert without_secrets(address) == shown
