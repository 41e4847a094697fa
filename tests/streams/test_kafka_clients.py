from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing

import pytest
from faust.auth import SASLCredentials

from domain.errors import ConfigError
from streams.kafka_clients import KafkaSettings, wait_until_reachable

_PASSWORD = "hidden"  # noqa: S105  (nobody's)


def test_both_clients_are_told_the_same() -> None:
    settings = KafkaSettings("one:9092,two:9093", "SASL_SSL", "SCRAM-SHA-512", "someone", _PASSWORD)
    confluent = settings.confluent()
    credentials = settings.faust_credentials()
    assert confluent["bootstrap.servers"] == "one:9092,two:9093"
    assert settings.faust_broker_url() == "kafka://one:9092;kafka://two:9093"
    assert confluent["security.protocol"] == "SASL_SSL"
    assert isinstance(credentials, SASLCredentials)
    assert credentials.protocol.value == "SASL_SSL"
    assert credentials.mechanism.value == confluent["sasl.mechanism"] == "SCRAM-SHA-512"
    assert (credentials.username, credentials.password) == (confluent["sasl.username"], confluent["sasl.password"])
    assert credentials.ssl_context is not None
    assert credentials.ssl_context.check_hostname


def test_plain_needs_no_credentials() -> None:
    settings = KafkaSettings("localhost")
    assert settings.faust_credentials() is None
    assert settings.addresses == (("localhost", 9092),)
    assert "sasl.username" not in settings.confluent()


def test_the_password_is_not_shown() -> None:
    settings = KafkaSettings("one:9092", "SASL_SSL", "PLAIN", "someone", _PASSWORD)
    assert _PASSWORD not in repr(settings)
    assert _PASSWORD not in repr(settings.faust_credentials())


def test_all_contradictions_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        KafkaSettings("http://one:1,two:x", sasl_username="someone", ssl_ca_location="ca.pem", ssl_key_location="k")
    assert len(caught.value.mistakes) == 5


def test_a_missing_tls_file_is_our_mistake() -> None:
    with pytest.raises(ConfigError, match="TLS"):
        KafkaSettings("one:9092", "SSL", ssl_ca_location="/not/there.pem").faust_credentials()


def test_a_broker_that_answers(tansu_broker: str) -> None:
    wait_until_reachable(KafkaSettings(tansu_broker), 10)


def test_nobody_listens(free_port: Callable[[], int]) -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(ConnectionError, match=f"{address}.*nowseen broker"):
        wait_until_reachable(KafkaSettings(address), 0.2)


def test_somebody_listens_who_is_no_broker() -> None:
    with closing(socket.socket()) as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(ConnectionError, match="does not answer as a Kafka broker"):
            wait_until_reachable(KafkaSettings(f"127.0.0.1:{deaf.getsockname()[1]}"), 1)


def test_an_unknown_host_is_our_mistake() -> None:
    with pytest.raises(ConfigError, match=r"no-such-host\.invalid"):
        wait_until_reachable(KafkaSettings("no-such-host.invalid:9092"), 1)
