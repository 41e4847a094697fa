"""The collections topology.yaml declares, sized by the encoders that are loaded."""

from __future__ import annotations

from collections.abc import Mapping

from domain.ports import EncoderInfo
from domain.topology import Collection, Topology
from search.collections import CollectionSpec


def collection_specs(topology: Topology, infos: Mapping[str, EncoderInfo]) -> list[CollectionSpec]:
    """`infos` by role. A collection belongs to the encoder of its first vector."""
    return [_spec(collection, infos) for collection in topology.collections.values()]


def _spec(collection: Collection, infos: Mapping[str, EncoderInfo]) -> CollectionSpec:
    first = next(iter(collection.vectors.values()))
    return CollectionSpec(
        name=collection.name,
        modality=collection.modality,
        vectors={name: infos[role].vector_size for name, role in collection.vectors.items()},
        words=collection.words,
        encoder=infos[first].name,
        others={name: infos[role].name for name, role in collection.vectors.items() if role != first},
    )
