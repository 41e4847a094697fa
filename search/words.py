"""Text as sparse BM25 vectors, made in this process for every engine, so that all of them find the same words."""

from __future__ import annotations

import qdrant_edge as edge

from search.collections import SparseWords

AVERAGE_WORDS = 16.0  # of an utterance or a chat line; the engine's own default, 256, is for pages


class Bm25Words:
    """Documents get term weights (k = 1.2, b = 0.75), queries 1 for each word; the engine adds the inverse document
    frequency of what it holds.

    Words stand as they were said: no stop words, because "The Who" or "to be or not to be" must be findable and the
    document frequency already makes "the" worth next to nothing; no stemming, because it turns names into other
    words ("Mars" into "mar", "universe" into "university") and what is merely related is the dense vectors' job.
    Case and accents are folded. Cut by Unicode script, so that Chinese or Japanese is not one word a sentence.
    """

    def __init__(self) -> None:
        self._bm25 = edge.Bm25(
            edge.Bm25Config(
                avg_len=AVERAGE_WORDS,
                tokenizer=edge.TokenizerType.Multilingual,
                lowercase=True,
                ascii_folding=True,
                stopwords=edge.StopwordsSet(languages=set(), custom=set()),
                stemmer=edge.DisabledStemmer(),
            )
        )

    def of_document(self, text: str) -> SparseWords | None:
        """None when the text holds no word."""
        vector = self._bm25.embed_document(text)
        return SparseWords(list(vector.indices), list(vector.values)) if vector.indices else None

    def of_query(self, text: str) -> SparseWords | None:
        """None when the text holds no word."""
        vector = self._bm25.embed_query(text)
        return SparseWords(list(vector.indices), list(vector.values)) if vector.indices else None
