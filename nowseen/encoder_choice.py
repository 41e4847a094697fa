"""Which encoders this machine uses: NOWSEEN_* where set, else what topology.yaml prefers."""

from __future__ import annotations

from collections.abc import Mapping

from domain.topology import Topology
from encoders import EncoderOptions
from nowseen.settings import Settings


def wanted_encoders(settings: Settings, topology: Topology) -> Mapping[str, str]:
    """Names by role. There is a re-ranker only where it is set: none comes as a package."""
    wanted = {role: getattr(settings, role, None) or choice.name for role, choice in topology.encoders.items()}
    return wanted if settings.reranker is None else {**wanted, "reranker": settings.reranker}


def encoder_options(settings: Settings) -> EncoderOptions:
    return EncoderOptions(cache_dir=settings.cache, device=settings.device, allow_download=settings.download)
