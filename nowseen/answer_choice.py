"""Which language model answers, if any: NOWSEEN_ANSWER_*."""

from __future__ import annotations

from domain.errors import ConfigError
from nowseen.settings import Settings
from search.chat_endpoint import ChatEndpoint, ChatOptions


def chat_model(settings: Settings) -> ChatEndpoint | None:
    """None when none is wanted. Raises ConfigError for an address without a model, and for what can't be right."""
    if settings.answer_url is None:
        if settings.answer_model is not None:
            raise ConfigError("NOWSEEN_ANSWER_MODEL is set without NOWSEEN_ANSWER_URL: say where the model is served")
        return None
    return ChatEndpoint(ChatOptions(settings.answer_url, settings.answer_model or "", settings.answer_key))
