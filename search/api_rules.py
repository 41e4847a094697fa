"""Endpoints about standing queries: what is watched for, and whether it would have found what it should."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

from anyio import CapacityLimiter, Lock, to_thread
from fastapi import APIRouter, Request

from domain.backtest import TriedOver
from domain.errors import BadRequest
from domain.events import MODALITIES, RuleRemoved, RuleSet
from domain.rule_drafts import RuleDraft, name_of, new_id, rule_of
from domain.rule_json import encode_rule
from domain.rule_people import speakers_in, speakers_left_out
from domain.rules import Rule
from search.api_models import NOT_FOUND, stand_in_warnings
from search.api_parts import ApiParts, RuleParts
from search.api_rule_models import (
    BacktestModel,
    ChangesModel,
    DraftModel,
    LeftOutModel,
    RuleModel,
    RulesModel,
    TryModel,
)
from search.clip_links import Links
from search.rule_backtests import Tried, try_on_replay, try_rule
from search.rule_examples import example_of_moment
from search.rules_at_work import KnownRule

_AT_WORK_WITHIN_S = 20.0  # a rule learns from history first
_TRYING = 1  # thread: a backtest keeps a processor busy for seconds


class RuleChanges:
    """Rules are set and removed one after the other, so that two requests can't take one name; and tried one after the
    other."""

    def __init__(self, parts: ApiParts, rules: RuleParts) -> None:
        self._parts, self._rules = parts, rules
        self.turn = Lock()
        self._trying = CapacityLimiter(_TRYING)

    async def set(self, rule: Rule, query: str) -> RuleModel:
        """Returns when it is at work."""
        set_s = self._after(rule.id)
        event = RuleSet(rule.id, encode_rule(rule).decode(), query, set_s)
        await self._rules.publish(event)
        if not await to_thread.run_sync(self._rules.at_work.wait, rule.id, set_s, _AT_WORK_WITHIN_S):
            late = f"it is kept, but was not at work within {_AT_WORK_WITHIN_S:.0f} s: GET /rules/{rule.id} tells"
            known = KnownRule(rule, query, set_s)
            return RuleModel.of(known, {}, 0, {}, [late])
        at_work = [self._rules.at_work.find(rule.id)]
        return (await to_thread.run_sync(described, self._parts, self._rules, at_work))[0]

    async def add(self, draft: RuleDraft) -> RuleModel:
        """Raises BadRequest."""
        async with self.turn:
            self.check(draft)
            at_work = self._rules.at_work
            taken = [*(known.rule.id for known in at_work.all()), *(each.rule_id for each in at_work.left_out())]
            id = new_id(name_of(draft), taken)
            return await self.set(rule_of(draft, id, self._parts.ids_of), draft.query)

    async def change(self, who: str, draft_of: Callable[[KnownRule], RuleDraft]) -> RuleModel:
        """`draft_of` what it is now. Raises UnknownRule, and BadRequest."""
        async with self.turn:
            known = self._rules.at_work.find(who)
            draft = draft_of(known)
            self.check(draft, but=known.rule.id)
            rule = rule_of(draft, known.rule.id, self._parts.ids_of, known.rule.marks)
            return await self.set(rule, draft.query)

    async def set_all(self, drafts: Sequence[RuleDraft]) -> tuple[list[tuple[Rule, bool]], list[str]]:
        """Each takes the place of a rule of its name. Gives the rules, each with whether it is new, and ids of those
        that are not at work yet. Raises BadRequest, having done nothing."""
        async with self.turn:
            made = await to_thread.run_sync(self._rules_of, drafts)
            events = [
                RuleSet(rule.id, encode_rule(rule).decode(), draft.query, self._after(rule.id))
                for draft, (rule, _) in zip(drafts, made, strict=True)
            ]
            await asyncio.gather(*map(self._rules.publish, events))
            return made, await to_thread.run_sync(self._not_at_work, events)

    def _rules_of(self, drafts: Sequence[RuleDraft]) -> list[tuple[Rule, bool]]:
        at_work = self._rules.at_work
        known = {each.rule.name.casefold(): each for each in at_work.all()}
        taken = {*(each.rule.id for each in known.values()), *(each.rule_id for each in at_work.left_out())}
        made: dict[str, tuple[Rule, bool]] = {}
        for draft in drafts:
            name = name_of(draft).casefold()
            before = known.get(name)
            try:
                if name in made:
                    raise BadRequest("two rules have this name")
                self._check_webhooks(draft)
                id = new_id(name_of(draft), taken) if before is None else before.rule.id
                marks = () if before is None else before.rule.marks
                made[name] = rule_of(draft, id, self._parts.ids_of, marks), before is None
            except BadRequest as bad:
                raise BadRequest(f"{name_of(draft)!r}: {bad}") from bad
            taken.add(id)
        return list(made.values())

    def _not_at_work(self, events: Sequence[RuleSet]) -> list[str]:
        until_s = monotonic() + _AT_WORK_WITHIN_S
        return [
            event.rule_id
            for event in events
            if not self._rules.at_work.wait(event.rule_id, event.set_s, max(until_s - monotonic(), 0.0))
        ]

    async def remove(self, who: str) -> None:
        """Also one that is left out, by its id. Raises UnknownRule."""
        async with self.turn:
            left_out = {each.rule_id for each in self._rules.at_work.left_out()}
            rule_id = who if who in left_out else self._rules.at_work.find(who).rule.id
            removed_s = self._after(rule_id)
            await self._rules.publish(RuleRemoved(rule_id, removed_s))
            await to_thread.run_sync(self._rules.at_work.wait, rule_id, removed_s, _AT_WORK_WITHIN_S)

    async def try_out(self, request: Request, rule: Rule, days: float, over: TriedOver) -> BacktestModel:
        """What it would have told. Raises BadRequest, and ConnectionError when Kafka can't be read."""
        tried = await to_thread.run_sync(self._tried, rule, days, over, limiter=self._trying)
        links = Links(self._parts.archive, self._parts.public_url or str(request.base_url), self._parts.store)
        return await to_thread.run_sync(BacktestModel.of, tried, rule.name, links, self._parts.speakers.label)

    def _tried(self, rule: Rule, days: float, over: TriedOver) -> Tried:
        encoding, log = self._rules.encoding, self._rules.log
        if over == "stored":
            return try_rule(rule, days, encoding, self._rules.history)
        if log is None:
            raise BadRequest("this node reads no Kafka: try the rule over what is stored")
        return try_on_replay(rule, days, encoding, log, self._parts.store, self._parts.speakers.resolve)

    def _after(self, rule_id: str) -> float:
        """Now, or, where the clock was put back, later than all that was decided of the rule before."""
        return max(round(self._parts.clock(), 3), round(self._rules.at_work.decided_s(rule_id) + 0.001, 3))

    def check(self, draft: RuleDraft, but: str = "") -> None:
        """Raises BadRequest for a name that another rule has, and for webhooks that there are not."""
        name = name_of(draft).casefold()
        if any(each.rule.name.casefold() == name and each.rule.id != but for each in self._rules.at_work.all()):
            raise BadRequest(f"there is a rule named {name_of(draft)!r}: change that one, or choose another name")
        self._check_webhooks(draft)

    def _check_webhooks(self, draft: RuleDraft) -> None:
        if self._parts.webhooks is None or not draft.webhooks:
            return
        known = {endpoint.name for endpoint in self._parts.webhooks.endpoints()}
        if unknown := [webhook for webhook in draft.webhooks if webhook not in known]:
            raise BadRequest(
                f"there is no webhook {', '.join(unknown)}: add it with `nowseen webhooks add`, or choose one of "
                f"{', '.join(sorted(known)) or 'none yet'}"
            )


def rule_routes(parts: ApiParts, rules: RuleParts, changes: RuleChanges) -> APIRouter:
    routes = APIRouter(tags=["rules"], prefix="/rules")

    @routes.get("")
    def all() -> RulesModel:
        """Every rule, by name."""
        return RulesModel(
            rules=described(parts, rules, rules.at_work.all()),
            left_out=[LeftOutModel.of(each) for each in rules.at_work.left_out()],
        )

    @routes.post("", status_code=201)
    async def add(body: DraftModel) -> RuleModel:
        """Watches for something from now on. It learns from what is stored how often it would alarm."""
        return await changes.add(body.draft(await to_thread.run_sync(example_of_moment, parts, body.like)))

    @routes.post("/backtest", responses=NOT_FOUND)
    async def backtest(request: Request, body: TryModel) -> BacktestModel:
        """What a rule would have told of what is stored, or of what Kafka still holds."""
        if body.rule:
            return await changes.try_out(request, rules.at_work.find(body.rule).rule, body.days, body.over)
        draft = body.draft(await to_thread.run_sync(example_of_moment, parts, body.like))
        return await changes.try_out(request, rule_of(draft, "draft", parts.ids_of), body.days, body.over)

    @routes.get("/{who}", responses=NOT_FOUND)
    def one(who: str) -> RuleModel:
        """By id or name: what it watches for, from which likeness on it tells people, and how that is known."""
        return described(parts, rules, [rules.at_work.find(who)])[0]

    @routes.patch("/{who}", responses=NOT_FOUND)
    async def change(who: str, body: ChangesModel) -> RuleModel:
        """What was learnt stays, unless it watches for something else, somewhere else or at other hours."""
        example = await to_thread.run_sync(example_of_moment, parts, body.like or None)
        return await changes.change(who, lambda known: body.applied_to(known, example))

    @routes.delete("/{who}", status_code=204, responses=NOT_FOUND)
    async def remove(who: str) -> None:
        """It watches no more, and what was learnt is gone. What is open of it is closed."""
        await changes.remove(who)

    return routes


def described(parts: ApiParts, rules: RuleParts, all: Sequence[KnownRule]) -> list[RuleModel]:
    indexed = {source for modality in MODALITIES for source in parts.store.sources(modality)}
    open_counts, stand_ins = rules.at_work.open_counts(), stand_in_warnings(parts.encoders)
    return [
        RuleModel.of(
            known,
            rules.at_work.thresholds(known.rule.id),
            open_counts.get(known.rule.id, 0),
            rules.at_work.suppressed(known.rule.id)[1],
            [
                *(f"nothing is indexed of source {each!r} yet" for each in known.rule.sources if each not in indexed),
                *_forgotten(parts, known.rule),
                *stand_ins,
            ],
        )
        for known in all
    ]


def _forgotten(parts: ApiParts, rule: Rule) -> list[str]:
    def nobody(*named: tuple[str, ...]) -> bool:
        return any(all(parts.speakers.label(id) is None for id in together) for together in named)

    warnings = []
    if nobody(*speakers_in(rule.condition)):
        warnings.append("a speaker that it names was forgotten and is heard no more: name another, or remove the rule")
    if nobody(*speakers_left_out(rule.condition)):
        warnings.append(
            "a speaker that it leaves out was forgotten: it tells of what that voice says too, until it leaves out the "
            "speaker that the voice becomes"
        )
    return warnings
