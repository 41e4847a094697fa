"""Results and comparisons as text for a terminal of 80 columns. Figures are percent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from domain.bootstrap import Difference, Interval
from domain.ports import EncoderInfo
from domain.retrieval_metrics import METRICS
from nowseen.retrieval.comparison import RankingCompared, RetrievalCompared
from nowseen.retrieval.results import RetrievalEvaluated, TaskEvaluated

_TITLES: Mapping[str, str] = {
    "recall@1": "Recall@1",
    "recall@5": "Recall@5",
    "recall@10": "Recall@10",
    "mrr": "MRR",
    "ndcg@10": "nDCG@10",
}
_NAME_WIDTH, _FIGURE_WIDTH = 9, 14


def result_text(found: RetrievalEvaluated) -> str:
    lines = [f"{found.dataset} ({found.fingerprint[:8]}), in percent, with {found.bootstrap.confidence:.0%} intervals"]
    lines += encoder_lines(found.encoders)
    for task in found.tasks:
        lines += ["", *_task(task)]
    if found.not_indexed:
        lines += [
            "",
            f"in {len(found.not_indexed)} recordings no words were heard: {', '.join(found.not_indexed[:10])}",
        ]
    return "\n".join(lines)


def comparison_text(compared: RetrievalCompared) -> str:
    lines = [f"{compared.dataset}, in percent; differences from {compared.names[0]}"]
    for name, encoders in zip(compared.names, compared.encoders, strict=True):
        lines.append(f"  {name}: {', '.join(encoders.values())}")
    if not compared.rows:
        lines.append("they have no task in common")
    for row in compared.rows:
        lines += ["", *_compared(row, compared.names)]
    return "\n".join(lines)


def encoder_lines(used: Sequence[EncoderInfo]) -> list[str]:
    return [*map(_encoder, used), *(f"  note: {info.warning}" for info in used if info.warning)]


def _encoder(info: EncoderInfo) -> str:
    instead = f", in place of {info.stand_in_for}" if info.stand_in_for else ""
    return f"  {info.role}: {info.name}{instead}, from {info.origin}"


def _task(task: TaskEvaluated) -> Iterator[str]:
    yield f"{task.task}: {task.queries} queries, {task.items} items"
    yield " " * _NAME_WIDTH + "".join(f"{_TITLES[metric]:>{_FIGURE_WIDTH}}" for metric in METRICS)
    for name, ranking in task.rankings.items():
        figures = "".join(f"{interval_text(ranking.metrics[metric]):>{_FIGURE_WIDTH}}" for metric in METRICS)
        yield f"{name:<{_NAME_WIDTH}}{figures}"


def interval_text(interval: Interval) -> str:
    return f"{_percent(interval.mean)} ({100 * interval.low:.0f}-{100 * interval.high:.0f})"


def _compared(row: RankingCompared, names: tuple[str, ...]) -> Iterator[str]:
    yield f"{row.task}, by {row.ranking}, {row.queries} queries"
    for metric in METRICS:
        yield f"  {_TITLES[metric]:<10}{_percent(row.means[0][metric])}"
        for name, means, differences in zip(names[1:], row.means[1:], row.differences, strict=True):
            yield f"  {'':<10}{_percent(means[metric])} {difference_text(differences[metric])}  {name}"


def difference_text(change: Difference) -> str:
    if change.mean == change.low == change.high == 0:
        return "the same"
    told = "more than chance" if change.is_more_than_chance else "may be chance"
    return f"{100 * change.mean:+6.1f} ({100 * change.low:+.1f} to {100 * change.high:+.1f}), {told}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if share < 0.9995 else "100"
