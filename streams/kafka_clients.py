"""One set of connection settings for both Kafka clients: librdkafka (publishing, topics) and aiokafka (Faust).

Two clients with two spellings of the same setting is how one of them ends up without TLS.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from domain.errors import ConfigError

if TYPE_CHECKING:
    from faust.auth import Credentials

_log = logging.getLogger(__name__)

SECURITY_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SASL_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
DEFAULT_PORT = 9092


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where the broker is and how to prove who we are. Raises ConfigError with every contradiction found."""

    bootstrap: str  # host:port, several separated by commas
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_ca_location: str | None = None
    ssl_certificate_location: str | None = None
    ssl_key_location: str | None = None

    def __post_init__(self) -> None:
        mistakes = []
        if not self.bootstrap.strip(", "):
            mistakes.append("the broker's address is empty: give host:port")
        for part in self.bootstrap.split(","):
            port = part.strip().rpartition(":")[2]
            if "://" in part or (":" in part and not (port.isdecimal() and 0 < int(port) < 65536)):
                mistakes.append(f"{part.strip()!r} is not a broker's address: give host:port")
        if self.security_protocol not in SECURITY_PROTOCOLS:
            mistakes.append(
                f"security protocol {self.security_protocol!r} is not one of {', '.join(SECURITY_PROTOCOLS)}"
            )
        if self._uses_sasl:
            if self.sasl_mechanism not in SASL_MECHANISMS:
                mistakes.append(f"SASL mechanism {self.sasl_mechanism!r} is not one of {', '.join(SASL_MECHANISMS)}")
            if not self.sasl_username or not self.sasl_password:
                mistakes.append(f"{self.security_protocol} needs a user name and a password")
        elif self.sasl_mechanism or self.sasl_username or self.sasl_password:
            mistakes.append(
                f"a SASL mechanism, user name or password is set, but {self.security_protocol} would not use it: "
                "choose SASL_SSL (or SASL_PLAINTEXT)"
            )
        ssl_files = (self.ssl_ca_location, self.ssl_certificate_location, self.ssl_key_location)
        if any(ssl_files) and not self._uses_ssl:
            mistakes.append(f"a TLS file is set, but {self.security_protocol} would not use it: choose SSL or SASL_SSL")
        if bool(self.ssl_certificate_location) != bool(self.ssl_key_location):
            mistakes.append("a client certificate and its key go together: set both or neither")
        if mistakes:
            raise ConfigError(mistakes)

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        pairs = (part.strip().rpartition(":") for part in self.bootstrap.split(",") if part.strip())
        return tuple((host.strip("[]"), int(port)) if host else (port, DEFAULT_PORT) for host, _, port in pairs)

    @property
    def _uses_sasl(self) -> bool:
        return self.security_protocol.startswith("SASL_")

    @property
    def _uses_ssl(self) -> bool:
        return self.security_protocol.endswith("SSL")

    def confluent(self) -> dict[str, Any]:
        """Settings for any confluent-kafka client. Its log lines go to the Python logger `nowseen.kafka`."""
        settings = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security_protocol,
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": self.sasl_password,
            "ssl.ca.location": self.ssl_ca_location,
            "ssl.certificate.location": self.ssl_certificate_location,
            "ssl.key.location": self.ssl_key_location,
            "logger": logging.getLogger("nowseen.kafka"),
        }
        return {name: value for name, value in settings.items() if value is not None}

    def aiokafka(self) -> dict[str, Any]:
        """Settings for any aiokafka client of our own. Reads the TLS files: ConfigError if it can't."""
        settings: dict[str, Any] = {
            "bootstrap_servers": [f"{f'[{host}]' if ':' in host else host}:{port}" for host, port in self.addresses],
            "security_protocol": self.security_protocol,
        }
        if self._uses_ssl:
            settings["ssl_context"] = self._ssl_context()
        if self._uses_sasl:
            settings |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_password,
            }
        return settings

    def faust_broker_url(self) -> str:
        """For faust.App(broker=...)."""
        return ";".join(f"kafka://{f'[{host}]' if ':' in host else host}:{port}" for host, port in self.addresses)

    def faust_credentials(self) -> Credentials | None:
        """For faust.App(broker_credentials=...); None for PLAINTEXT. Reads the TLS files: ConfigError if it can't."""
        from faust.auth import SASLCredentials, SSLCredentials

        context = self._ssl_context() if self._uses_ssl else None
        if self._uses_sasl:
            return SASLCredentials(
                username=self.sasl_username,
                password=self.sasl_password,
                mechanism=self.sasl_mechanism,
                ssl_context=context,
            )
        return SSLCredentials(context) if context is not None else None

    def _ssl_context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ssl_ca_location)
            if self.ssl_certificate_location:
                context.load_cert_chain(self.ssl_certificate_location, self.ssl_key_location)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError(f"the TLS files for the broker can't be used: {error}") from error
        return context


def wait_until_reachable(settings: KafkaSettings, timeout_s: float) -> None:
    """Returns once a broker answers a metadata request.

    Raises ConfigError when waiting can't help (unknown host, refused credentials) and ConnectionError when nothing
    answered in time; both name the address and what to do.
    """
    deadline = time.monotonic() + timeout_s
    where = settings.bootstrap
    # A plain connection first: librdkafka would print a line for every refused one.
    while not any(_accepts(host, port) for host, port in settings.addresses):
        if time.monotonic() >= deadline:
            raise ConnectionError(
                f"no Kafka broker listens at {where}: start one with `nowseen broker`, or set NOWSEEN_BROKER to the "
                "host:port of yours"
            )
        time.sleep(0.1)
    refusals: list[KafkaError] = []

    def note(error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED):
            refusals.append(error)

    config: dict[str, Any] = {**settings.confluent(), "error_cb": note}
    admin = AdminClient(config)
    while True:
        try:
            admin.list_topics(timeout=max(0.5, min(2.0, deadline - time.monotonic())))
            return
        except KafkaException as error:
            admin.poll(0)
            if refusals:
                raise ConfigError(
                    f"the broker at {where} refuses this client ({settings.security_protocol}): {refusals[0].str()}"
                ) from error
            if time.monotonic() >= deadline:
                raise ConnectionError(
                    f"{where} accepts connections but does not answer as a Kafka broker ({error.args[0].str()}): check "
                    "the port, and whether the broker expects TLS or a password (NOWSEEN_KAFKA_SECURITY_PROTOCOL)"
                ) from error


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except socket.gaierror as error:
        raise ConfigError(f"the broker's host {host!r} is unknown ({error.strerror}): check its name") from error
    except OSError:
        return False
