"""The `nowseen evaluate` commands. As in cli.py, each imports what it needs when it runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nowseen.retrieval_cli import RetrievalByDefault, retrieval, rules

if TYPE_CHECKING:
    from nowseen.evaluate_mood import MoodEvaluated
    from nowseen.evaluate_speakers import SpeakersEvaluated

evaluate = typer.Typer(
    name="evaluate",
    cls=RetrievalByDefault,
    no_args_is_help=True,
    help="Measure search and its models, on data of your own or the set that comes with Nowseen. "
    "`nowseen evaluate DATASET` is `nowseen evaluate retrieval DATASET`.",
)
evaluate.command()(retrieval)
evaluate.command()(rules)

_Json = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@evaluate.command()
def speakers(
    folder: Annotated[Path, typer.Argument(help="FOLDER/<speaker>/<recordings>, in any format FFmpeg reads.")],
    seconds: Annotated[float, typer.Option(min=0.1, help="Utterances shorter than this are left out.")] = 2.0,
    join: Annotated[bool, typer.Option("--join", help="Join a speaker's utterances to be that long.")] = False,
    as_json: _Json = False,
) -> None:
    """How well voices are told apart: equal error rate, and the purity of the speakers found."""
    import encoders
    from nowseen.encoder_choice import encoder_options, wanted_encoders
    from nowseen.evaluate_speakers import evaluate_speakers
    from nowseen.settings import load_settings, load_topology

    settings = load_settings()
    name = wanted_encoders(settings, load_topology(settings))["voices"]
    voices = encoders.load("voices", name, encoder_options(settings))
    found = evaluate_speakers(folder, voices, encoders.voice_activity, at_least_s=seconds, join=join)
    print(json.dumps(asdict(found), indent=2, ensure_ascii=False) if as_json else _speakers_text(found))


@evaluate.command()
def mood(
    path: Annotated[Path, typer.Argument(help="FILE.csv (path, label, valence, arousal, speaker) or FOLDER/<mood>/.")],
    as_json: _Json = False,
) -> None:
    """How far the moods judged agree with those that people gave."""
    import encoders
    from nowseen.encoder_choice import encoder_options, wanted_encoders
    from nowseen.evaluate_mood import evaluate_mood
    from nowseen.settings import load_settings, load_topology

    settings = load_settings()
    names, options = wanted_encoders(settings, load_topology(settings)), encoder_options(settings)
    found = evaluate_mood(
        path,
        encoders.load("speech", names["speech"], options),
        encoders.load("word_moods", names["word_moods"], options),
        encoders.load("voice_moods", names["voice_moods"], options),
    )
    print(json.dumps(asdict(found), indent=2, ensure_ascii=False) if as_json else _mood_text(found))


def _speakers_text(found: SpeakersEvaluated) -> str:
    return "\n".join(
        [
            f"{found.utterances} utterances ({found.spoken_s:g} s) of {found.speakers} speakers, {found.at_least_s:g} "
            f"s or longer{', joined' if found.joined else ''}, by {found.encoder}; {found.too_short} were shorter",
            f"equal error rate  {found.equal_error_rate:.1%} at a cosine of {found.threshold:.3f} "
            f"({found.same_pairs} pairs of one voice, {found.different_pairs} of two)",
            f"speakers found    {found.clusters}; {found.nobody} utterances were too uncertain for any",
            f"purity            {found.purity:.1%} of the rest; inverse purity {found.inverse_purity:.1%}",
            *_skipped(found.skipped),
        ]
    )


def _mood_text(found: MoodEvaluated) -> str:
    lines = [f"{found.recordings} recordings, by {', '.join(found.encoders)}"]
    if not found.speakers:
        lines.append(
            "no speakers are named: voices are judged by what they usually sound like, so they say little here"
        )
    if labels := found.labels:
        lines += [
            f"labels    {labels.agreement:.1%} agree, kappa {labels.kappa:.2f}; a mood was heard in {labels.judged}, "
            f"of which {labels.agreement_where_judged:.1%} agree",
            *(
                f"  {truth:<8}judged " + ", ".join(f"{label} {count}" for label, count in judged.items())
                for truth, judged in labels.confusion.items()
            ),
        ]
    for name, value in (("valence", found.valence_concordance), ("arousal", found.arousal_concordance)):
        if value is not None:
            lines.append(f"{name:<8}  concordance {value:.2f}")
    return "\n".join([*lines, *_skipped(found.skipped)])


def _skipped(skipped: tuple[str, ...]) -> list[str]:
    return [f"{len(skipped)} files were passed over:", *(f"  {why}" for why in skipped)] if skipped else []
