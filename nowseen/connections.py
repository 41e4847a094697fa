"""Settings as the options that the packages below take."""

from __future__ import annotations

from nowseen.settings import Settings
from streams.kafka_clients import KafkaSettings


def kafka_settings(settings: Settings) -> KafkaSettings:
    def path(value: object) -> str | None:
        return str(value) if value is not None else None

    password = settings.kafka_sasl_password
    return KafkaSettings(
        bootstrap=settings.bootstrap,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=password.get_secret_value() if password is not None else None,
        ssl_ca_location=path(settings.kafka_ssl_ca),
        ssl_certificate_location=path(settings.kafka_ssl_certificate),
        ssl_key_location=path(settings.kafka_ssl_key),
    )
