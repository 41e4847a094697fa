"""What only a Qdrant server's store promises: no answer can be tried again, and no secret leaks."""

from __future__ import annotations

import pytest

from domain.errors import ConfigError
from search.collections import CollectionSpec
from search.stores import QdrantServer, open_store

SPECS = (CollectionSpec("speakers", None, {"voice": 4, "enrolled": 4}, words=False, encoder="voices-1"),)


def test_a_server_that_does_not_answer_can_be_tried_again() -> None:
    # Port 9 is discard; with gRPC on 10 nobody listens.
    with pytest.raises(ConnectionError, match=r"http://127\.0\.0\.1:9 does not answer"):
        open_store(QdrantServer("http://127.0.0.1:9"), SPECS)


def test_no_secret_is_in_a_message() -> None:
    location = QdrantServer("https://user:hunter2@127.0.0.1:9/?key=hunter2", api_key="hunter2")
    with pytest.raises(ConnectionError) as caught:
        open_store(location, SPECS)
    assert "hunter2" not in str(caught.value)
    assert "api_key" not in repr(location)


@pytest.mark.parametrize("url", ["127.0.0.1:6333", "ftp://host", "http://", "http://host:port"])
def test_what_is_no_url_is_a_mistake_of_the_settings(url: str) -> None:
    with pytest.raises(ConfigError, match="is not a Qdrant server's URL"):
        open_store(QdrantServer(url), SPECS)
