"""What a Kafka client's error means: whose fault it is, and so whether trying again can help."""

from __future__ import annotations

from aiokafka import errors
from confluent_kafka import KafkaError, KafkaException

_TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordTooLargeError, errors.RecordListTooLargeError)
_NOT_TAKEN = (*_TOO_LARGE, errors.UnsupportedForMessageFormatError, errors.PolicyViolationError, UnicodeError)
_NOT_ALLOWED = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.AuthenticationFailedError,
    errors.SaslAuthenticationFailed,
)
_NOT_ALLOWED_CODES = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError._AUTHENTICATION,
)


def never_taken(error: BaseException) -> str | None:
    """Why no broker will take this record, however often it is sent; None when that is not the matter."""
    found = next((each for each in _chain(error) if isinstance(each, _NOT_TAKEN)), None)
    if found is None:
        return None
    if isinstance(found, _TOO_LARGE):
        return f"it is larger than its topic takes (max.message.bytes): {found}"
    return f"Kafka refuses it: {type(found).__name__}: {found}"


def operator_must(error: BaseException) -> str | None:
    """What the operator has to do before this can work; None when it may work by itself."""
    for each in _chain(error):
        if isinstance(each, _NOT_ALLOWED) or _code(each) in _NOT_ALLOWED_CODES:
            return (
                "the broker does not allow it: give this user (NOWSEEN_KAFKA_SASL_USERNAME, or the client certificate) "
                "the rights to read and write Nowseen's topics and groups (kafka-acls.sh). No restart is needed"
            )
    return None


def missing_topic(error: BaseException) -> bool:
    """Whether the broker knows no such topic. It may be in the making."""
    return any(
        isinstance(each, errors.UnknownTopicOrPartitionError) or _code(each) == KafkaError.UNKNOWN_TOPIC_OR_PART
        for each in _chain(error)
    )


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what it was raised from: Faust wraps those of its client."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None and len(chain) < 5:
        chain.append(cause)
    return chain


def _code(error: BaseException) -> int | None:
    if isinstance(error, KafkaException) and error.args and isinstance(error.args[0], KafkaError):
        return int(error.args[0].code())
    return None
