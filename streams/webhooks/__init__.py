"""Webhooks: incidents told to endpoints, signed (Standard Webhooks) and retried until they arrive."""

from streams.webhooks.bodies import delivery_for
from streams.webhooks.clock import SystemClock
from streams.webhooks.deliverer import Deliverer
from streams.webhooks.endpoint_topic import EndpointTopic
from streams.webhooks.failed_topic import FailedTopic
from streams.webhooks.kafka_journal import KafkaJournal
from streams.webhooks.resolver import SystemResolver
from streams.webhooks.safe_target import AllowedTargets, SafeTargets
from streams.webhooks.secret_file import SecretFile
from streams.webhooks.sending import SendOptions, WebhookSender
from streams.webhooks.service import WebhookService
from streams.webhooks.signing_secret import SigningSecret

__all__ = [
    "AllowedTargets",
    "Deliverer",
    "EndpointTopic",
    "FailedTopic",
    "KafkaJournal",
    "SafeTargets",
    "SecretFile",
    "SendOptions",
    "SigningSecret",
    "SystemClock",
    "SystemResolver",
    "WebhookSender",
    "WebhookService",
    "delivery_for",
]
