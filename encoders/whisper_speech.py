"""Words with their times by openai-whisper (Radford et al. 2022), one utterance a window, several windows at once.

Measured with tiny.en on two CPU cores, five LibriVox utterances (24.7 s, 71 words), word times included:

    whisper.transcribe of all five in one window            1 error    2.7 s
    here, 30 s windows, no silence before the utterance     3 errors   1.9 s
    here, 30 s windows, 0.5 s of silence before it          1 error    1.8 s
    here, 25 s windows, 0.5 s of silence before it          1 error    1.7 s
    here, 20 s windows, 0.5 s of silence before it          3 errors   1.4 s
    here, 10 s windows, 0.5 s of silence before it          3 errors   1.0 s
    windows of the utterance and 1 s of silence             loops: the decoder does not stop

So windows stay at 30 s: what is saved is the second encoding that word times cost, and one device call for several
utterances. A draft is of a text that will be replaced, so it takes the 10 s windows and has no word times. Seconds of
CPU for an utterance of 2 to 5 s, tiny.en, one thread of a busy machine:

                  one by one    six at once
    transcribe    2.7           1.6
    draft         1.9           0.7

Nothing is carried from one utterance to the next, which is what keeps a mistake from growing into a loop and one
source's words out of another's.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from domain.events import Word
from domain.ports import PCM_RATE_HZ, EncoderInfo, Pcm, Transcript
from encoders.devices import prepare_device, uses_half_precision
from encoders.invented_text import loops, nobody_spoke
from encoders.options import EncoderOptions
from encoders.whisper_weights import PREFIX, find_whisper, load_whisper

_BATCH_SIZE = 8
_RETRY_TEMPERATURE = 0.4
_DRAFT_WINDOW_S = 10.0
_TOKENS_PER_S = 20  # more than anyone says in any language: bounds what a loop costs
_TOKENS_AT_LEAST = 32
_PREPENDED = "\"'“¿([{-"
_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # as whisper.tokenizer has it
_APPENDED = "\"'.。,，!！?？:：”)]}、"

_Finish: TypeAlias = Callable[[Any, Any, Pcm], Transcript]  # of a decoding result, its encoding and its sound


class WhisperSpeechEncoder:
    """`model` is the whisper.model.Whisper inside, for those who compare with its own `transcribe`."""

    def __init__(self, name: str, options: EncoderOptions) -> None:
        self._info = whisper_info(name, options)
        from whisper.timing import dtw_cpu
        from whisper.tokenizer import get_tokenizer

        from encoders.whisper_windows import OnceEncoder, halve

        self._device = prepare_device(options)
        self.model = load_whisper(find_whisper(name, options), options, self._device)
        self._fp16 = uses_half_precision(self._device)
        if self._fp16:
            halve(self.model)
        self.model.encoder = OnceEncoder(self.model.encoder)
        dtw_cpu(np.zeros((2, 2)))  # numba compiles it at the first call, which takes seconds
        with warnings.catch_warnings():
            # whisper leaves its vocabulary's file to the garbage collector, once: the result is kept.
            warnings.simplefilter("ignore", ResourceWarning)
            get_tokenizer(self.model.is_multilingual, num_languages=self.model.num_languages)

    @property
    def info(self) -> EncoderInfo:
        return self._info

    def transcribe(self, utterances: Sequence[Pcm]) -> list[Transcript]:
        """Raises ValueError for an utterance that is not one channel of at most 30 s."""
        from encoders.whisper_windows import WINDOW_S

        return self._transcribe(utterances, WINDOW_S, self._with_times)

    def draft(self, utterances: Sequence[Pcm]) -> list[Transcript]:
        """Raises ValueError for an utterance that is not one channel of at most 30 s."""
        return self._transcribe(utterances, _DRAFT_WINDOW_S, _without_times)

    def _transcribe(self, utterances: Sequence[Pcm], shortest_s: float, finish: _Finish) -> list[Transcript]:
        from encoders.whisper_windows import WINDOW_S, window_s

        for utterance in utterances:
            if utterance.ndim != 1 or utterance.size > WINDOW_S * PCM_RATE_HZ:
                raise ValueError(f"an utterance is (samples,), at most {WINDOW_S} s of them, not {utterance.shape}")
        transcripts = [Transcript("")] * len(utterances)
        # Like lengths together: a batch is decoded until its longest text ends.
        order = sorted((i for i, pcm in enumerate(utterances) if pcm.any()), key=lambda i: utterances[i].size)
        while order:
            length_s = window_s(utterances[order[0]], shortest_s)
            batch = [i for i in order[:_BATCH_SIZE] if window_s(utterances[i], shortest_s) == length_s]
            order = order[len(batch) :]
            found = self._window([utterances[i] for i in batch], length_s, finish)
            for i, transcript in zip(batch, found, strict=True):
                transcripts[i] = transcript
        return transcripts

    def _window(self, utterances: list[Pcm], length_s: float, finish: _Finish) -> list[Transcript]:
        import torch

        from encoders.whisper_windows import log_mel

        with torch.inference_mode():
            mels = torch.stack([log_mel(pcm, length_s, self.model.dims.n_mels) for pcm in utterances])
            mels = mels.to(self._device, torch.float16 if self._fp16 else torch.float32)
            features = self.model.encoder(mels)
            limits = [_token_limit(pcm) for pcm in utterances]
            decoded = self._decode(features, max(limits), temperature=0.0)
            # An utterance's words depend on its own sound alone, not on what it shares a batch with.
            for i, limit in enumerate(limits):
                alone = features[i : i + 1]
                if limit < max(limits) and len(decoded[i].tokens) >= limit:
                    [decoded[i]] = self._decode(alone, limit, temperature=0.0)
                if loops(decoded[i]):
                    [decoded[i]] = self._decode(alone, limit, _RETRY_TEMPERATURE)
            return [
                Transcript("") if nobody_spoke(result) or loops(result) else finish(result, features[i], utterances[i])
                for i, result in enumerate(decoded)
            ]

    def _decode(self, features: Any, tokens: int, temperature: float) -> list[Any]:
        import torch
        import whisper

        options = whisper.DecodingOptions(
            language=None if self.model.is_multilingual else "en",
            temperature=temperature,
            sample_len=min(tokens, self.model.dims.n_text_ctx // 2),
            without_timestamps=True,
            fp16=self._fp16,
        )
        with torch.random.fork_rng(devices=[self._device] if self._device.type == "cuda" else []):
            torch.manual_seed(0)  # a retry samples: the same audio must give the same words after a replay
            decoded: list[Any] = whisper.decode(self.model, features, options)
        return decoded

    def _with_times(self, result: Any, features: Any, utterance: Pcm) -> Transcript:
        from whisper.timing import find_alignment, merge_punctuations
        from whisper.tokenizer import get_tokenizer

        from encoders.whisper_windows import FRAMES_PER_S, HOP_SAMPLES, lead_s

        tokenizer = get_tokenizer(
            self.model.is_multilingual,
            num_languages=self.model.num_languages,
            language=result.language,
            task="transcribe",
        )
        text_tokens = [token for token in result.tokens if token < tokenizer.eot]
        offset_s = lead_s(utterance)
        frames = round(offset_s * FRAMES_PER_S) + utterance.size // HOP_SAMPLES
        timings = find_alignment(self.model, tokenizer, text_tokens, features, frames)
        token_probabilities = [timing.probability for timing in timings for _ in timing.tokens]
        merge_punctuations(timings, _PREPENDED, _APPENDED)
        duration_s = utterance.size / PCM_RATE_HZ
        words: list[Word] = []
        for timing in timings:
            if not timing.word.strip():
                continue
            start_s = min(max(float(timing.start) - offset_s, words[-1].start_s if words else 0.0), duration_s)
            end_s = min(max(float(timing.end) - offset_s, start_s), duration_s)
            if words and result.language not in _WITHOUT_SPACES and not timing.word.startswith(" "):
                # whisper parts words at punctuation inside them: "ill", "-disposed".
                words[-1] = Word(words[-1].text + timing.word.rstrip(), words[-1].start_s, end_s)
            else:
                words.append(Word(timing.word.strip(), start_s, end_s))
        confidence = float(np.mean(token_probabilities)) if token_probabilities else 0.0
        return Transcript(result.text, tuple(words), result.language, confidence)


def _token_limit(utterance: Pcm) -> int:
    return _TOKENS_AT_LEAST + round(_TOKENS_PER_S * utterance.size / PCM_RATE_HZ)


def _without_times(result: Any, _features: Any, _utterance: Pcm) -> Transcript:
    """The confidence is the geometric mean here, which is the lower one: single probabilities come with the times."""
    return Transcript(result.text, (), result.language, float(np.exp(result.avg_logprob)))


def whisper_info(name: str, options: EncoderOptions) -> EncoderInfo:
    """Without loading or downloading anything."""
    weights = find_whisper(name, options)
    return EncoderInfo(
        role="speech",
        name=name if name.startswith(PREFIX) else PREFIX + name,
        origin=weights.origin,
        licence="MIT",
        vector_size=0,
        device=str(prepare_device(options)),
    )
