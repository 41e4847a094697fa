"""Webhooks put together from the settings."""

from __future__ import annotations

import time
from collections.abc import Callable

from domain.deliveries import DeliveryEvent
from domain.ports import MediaArchive
from nowseen.settings import Settings
from search.signed_links import LinkSigner, load_link_key
from search.signed_media import SignedMedia
from streams.kafka_clients import KafkaSettings
from streams.webhooks import (
    AllowedTargets,
    EndpointTopic,
    FailedTopic,
    KafkaJournal,
    SafeTargets,
    SecretFile,
    SystemClock,
    SystemResolver,
    WebhookSender,
    WebhookService,
)


def link_signer(settings: Settings) -> LinkSigner:
    """Raises ConfigError when the key's file can't be used."""
    return LinkSigner(load_link_key(settings.data / "link-key"))


def webhook_service(
    settings: Settings,
    kafka: KafkaSettings,
    archive: MediaArchive,
    signer: LinkSigner,
    count: Callable[[DeliveryEvent], None],
) -> WebhookService:
    """Not started. Raises ConfigError for what is set up wrongly."""
    secrets = SecretFile(settings.data / "webhook-secrets.json")
    targets = SafeTargets(SystemResolver(), AllowedTargets.parse(settings.webhook_allow))
    return WebhookService(
        EndpointTopic(kafka),
        KafkaJournal(kafka),
        FailedTopic(kafka),
        secrets,
        targets,
        WebhookSender(targets, secrets),
        SystemClock(),
        SignedMedia(archive, settings.node_url, signer, time.time).show,
        count,
    )
