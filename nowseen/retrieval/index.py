"""A data set's items in a store of their own for as long as it is measured: the product's engine and collections."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from domain.moments import moment_id
from domain.ports import MomentStore, VoiceActivity
from nowseen.collection_specs import collection_specs
from nowseen.retrieval.dataset import RetrievalDataset
from nowseen.retrieval.described_items import VOICE, describe_items
from nowseen.retrieval.models import RetrievalModels
from search.collections import CollectionSpec
from search.stores import EdgeFolder, open_store


@dataclass(frozen=True, slots=True)
class RetrievalIndex:
    """`moments` is searched by picture and by words; `voices` holds the utterances of `moments` by their voice."""

    moments: MomentStore
    voices: MomentStore
    item_of: dict[str, str] = field(default_factory=dict)  # item id by moment id, of both


@contextmanager
def retrieval_index(
    dataset: RetrievalDataset,
    models: RetrievalModels,
    voice_activity: Callable[[], VoiceActivity],
    tell: Callable[[str], None],
) -> Iterator[RetrievalIndex]:
    """Raises ConfigError for media that can't be read."""
    voices = models.voices.info
    by_voice = [
        CollectionSpec("voices", "speech", {VOICE: voices.vector_size}, words=False, encoder=voices.name),
        CollectionSpec("speakers", None, {VOICE: voices.vector_size}, words=False, encoder=voices.name),
    ]
    with tempfile.TemporaryDirectory(prefix="nowseen-retrieval-") as folder, ExitStack() as closing:
        stores = [
            open_store(EdgeFolder(Path(folder) / name), specs)
            for name, specs in (("index", collection_specs(models.topology, models.infos)), ("voices", by_voice))
        ]
        for each in stores:
            closing.callback(each.close)
        index = RetrievalIndex(stores[0].moments, stores[1].moments)
        for batch in describe_items(dataset, models, voice_activity, tell):
            spoken = [
                (item, replace(moment, encoder=voices.name, vectors={VOICE: moment.vectors[VOICE]}))
                for item, moment in batch
                if VOICE in moment.vectors
            ]
            index.moments.upsert([moment for _, moment in batch], 0.0)
            index.voices.upsert([moment for _, moment in spoken], 0.0)
            index.item_of.update({moment_id(moment): item.id for item, moment in [*batch, *spoken]})
        yield index
