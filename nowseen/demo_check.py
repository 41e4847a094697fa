"""`nowseen demo --check`: the whole product on this machine, asked questions whose answers are known.

On free ports and in a temporary folder: what the user has indexed or configured elsewhere is neither used nor touched.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from nowseen.asking import ask
from nowseen.demo_outcome import Outcome, print_table, to_json
from nowseen.demo_questions import Verdict, askable, judge
from nowseen.demo_receiver import HOST, NAME, Receiver
from nowseen.demo_rules import DemoRule, RuleVerdict, judge_rule, watchable
from nowseen.demo_voice import enrol
from nowseen.demo_watch import latest, watch_for
from nowseen.isolation import isolated
from nowseen.part_log import PartLog
from nowseen.part_process import PartProcess
from nowseen.parts import AtOnce, Part
from nowseen.sample_media import SampleSource, SampleVoice, enrolment, make_sources
from nowseen.samples import fetch_samples
from nowseen.settings import Settings
from nowseen.up_command import nowseen, run_parts

_COMPLETE_WITHIN_S = 300.0
_ANSWER_WITHIN_S = 60.0
_TOLD_WITHIN_S = 60.0  # after all is indexed
_LOOK_EVERY_S = 0.5


def check_demo(settings: Settings, *, as_json: bool = False, verbose: bool = False) -> int:
    """Blocks for a minute or two. Returns 0 when every answer was right, else 1."""
    began_s = time.monotonic()
    samples = fetch_samples(settings.cache)
    sources, not_made = make_sources(samples, settings.cache)
    voice = enrolment(samples, settings.cache)
    missing = (*samples.missing, *not_made)
    samples_s = time.monotonic() - began_s
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="nowseen-check-") as folder, isolated(Path(folder), HOST) as (own, parts):

        async def ask_all(logs: Mapping[str, PartLog]) -> int:
            up_s = time.monotonic() - began_s - samples_s
            outcome = await _ask_all(own, sources, voice, logs, {"samples": samples_s, "start": up_s}, missing)
            outcomes.append(outcome)
            return int(not outcome.is_right)

        names = [source.name for source in sources]
        code = run_parts(own, parts, ask_all, more_logs=names, verbose=verbose, to_stderr=True)
    outcome = (
        outcomes[0] if outcomes else Outcome((), (), (), missing, {}, "it was stopped or did not start (see above)")
    )
    print(to_json(outcome)) if as_json else print_table(outcome)
    return code or int(not outcome.is_right)


async def _ask_all(
    settings: Settings,
    sources: Sequence[SampleSource],
    voice: SampleVoice | None,
    logs: Mapping[str, PartLog],
    seconds: dict[str, float],
    missing: tuple[str, ...],
) -> Outcome:
    # In the past, so that all of it has happened: event times are the publisher's to say.
    start_s = float(int(time.time() - max(source.duration_s for source in sources) - 1))
    clock = time.monotonic
    starts_s = {source.name: start_s for source in sources}
    verdicts: list[Verdict] = []
    told: list[RuleVerdict] = []
    warnings: list[str] = []
    problems: list[str] = []
    client = httpx.AsyncClient(base_url=settings.node_url, trust_env=False, timeout=30.0)
    async with client, Receiver() as receiver:
        try:
            warnings = (await ask(client, "/health", within_s=_ANSWER_WITHIN_S))["warnings"]
            up_s, rules = clock(), watchable(sources)
            not_set = await receiver.join(client) or await watch_for(client, rules, [NAME])
            problems += [not_set] if not_set else []
            began_s = clock()
            sent = await asyncio.gather(*(_publish(source, start_s, logs[source.name]) for source in sources))
            failed = [source.name for source, was_sent in zip(sources, sent, strict=True) if not was_sent]
            problems += [f"{name} could not be published" for name in failed]
            published_s = clock()
            late = await _until_complete(client, sources, start_s)
            problems += [f"{name} was not complete after {_COMPLETE_WITHIN_S:g} s" for name in late]
            complete_s = clock()
            refused = None if voice is None or problems else await enrol(client, voice)
            known = () if voice is None or refused else (voice.name,)
            for question in askable(sources, known) if not problems else ():
                answer = await ask(client, "/search", {**question.parameters, "limit": 3}, within_s=_ANSWER_WITHIN_S)
                verdicts.append(judge(question, answer, sources, starts_s))
            asked_s = clock()
            if not problems:
                told = await _until_told(client, rules, receiver, sources, starts_s)
            problems += [refused] if refused else []
            seconds |= {
                "set rules": began_s - up_s,
                "publish": published_s - began_s,
                "index": complete_s - published_s,
                "ask": asked_s - complete_s,
                "tell": clock() - asked_s,
            }
        except ConnectionError as error:
            problems.append(str(error))
    return Outcome(tuple(verdicts), tuple(told), tuple(warnings), missing, seconds, "; ".join(problems) or None)


async def _publish(source: SampleSource, start_s: float, log: PartLog) -> bool:
    command = nowseen("publish", str(source.path), "--source", source.name, "--start-time", f"{start_s:.3f}")
    process = await PartProcess.start(Part(source.name, command, AtOnce()), log)
    try:
        await process.ended()
    finally:
        if process.is_running:
            await process.stop(1.0)
    return process.exit_code == 0


async def _until_told(
    client: httpx.AsyncClient,
    rules: Sequence[DemoRule],
    receiver: Receiver,
    sources: Sequence[SampleSource],
    starts_s: Mapping[str, float],
) -> list[RuleVerdict]:
    """Returns when every rule's incident was told as it should, or a while after."""
    end_s = time.monotonic() + _TOLD_WITHIN_S
    while True:
        found = await latest(client)
        verdicts = [judge_rule(rule, found, receiver.told, sources, starts_s) for rule in rules]
        if all(verdict.is_right for verdict in verdicts) or time.monotonic() > end_s:
            return verdicts
        await asyncio.sleep(_LOOK_EVERY_S)


async def _until_complete(client: httpx.AsyncClient, sources: Sequence[SampleSource], start_s: float) -> list[str]:
    """Returns when everything published is indexed: [], or what is not in time."""
    wanted = {
        (source.name, modality): start_s + source.duration_s - 1.0
        for source in sources
        for modality in source.modalities
    }
    end_s = time.monotonic() + _COMPLETE_WITHIN_S
    while wanted and time.monotonic() < end_s:
        answer = await ask(client, "/sources", within_s=end_s - time.monotonic())
        until_s = {
            (source["source"], modality): mark["until_s"]
            for source in answer["sources"]
            for modality, mark in source["watermarks"].items()
        }
        wanted = {key: at_s for key, at_s in wanted.items() if until_s.get(key, 0.0) < at_s}
        if wanted:
            await asyncio.sleep(_LOOK_EVERY_S)
    return [" ".join(key) for key in wanted]
