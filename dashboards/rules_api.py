"""The search node's rules over HTTP: one method per question. Each raises ApiDown or ApiRefused, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from dashboards.api_client import ApiDown, SearchApi
from dashboards.question import ExampleFile, Params
from dashboards.rule_answers import (
    Backtest,
    Incident,
    Incidents,
    Rule,
    Rules,
    SuppressedList,
    Webhook,
    Webhooks,
)
from domain.backtest import TriedOver
from domain.rules import DecidedBy, RuleState

_T = TypeVar("_T", bound=BaseModel)

_SETTING_TIMEOUT_S = 30.0  # the node waits until the rule is at work
_TRYING_TIMEOUT_S = 300.0  # some ten thousand moments, and one rule is tried at a time


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as people write it. An empty name is what it watches for, empty hours are always. It is to be like a
    moment, named by its id, or a file's picture or voice, or neither."""

    query: str
    name: str = ""
    hours: str = ""
    webhooks: tuple[str, ...] = ()
    false_alarms_per_day: float = 1.0
    decided_by: DecidedBy = "budget"
    like: str = ""
    file: ExampleFile | None = None

    def body(self) -> dict[str, object]:
        return {
            **({"like": self.like} if self.like else {}),
            "query": self.query, "name": self.name, "hours": self.hours, "webhooks": list(self.webhooks),
            "false_alarms_per_day": self.false_alarms_per_day, "decided_by": self.decided_by,
        }  # fmt: skip


class RulesApi:
    def __init__(self, node: SearchApi) -> None:
        self.node = node

    def rules(self) -> Rules:
        return self.node.get("/rules", Rules)

    def webhooks(self) -> tuple[Webhook, ...]:
        """None at all, too, when the node sends none."""
        try:
            return self.node.get("/webhooks", Webhooks).webhooks
        except ApiDown:
            return ()

    def incidents(self, limit: int, rule: str | None = None) -> tuple[Incident, ...]:
        """Latest first."""
        params: Params = [("limit", limit), *((("rule", rule),) if rule else ())]
        return self.node.get("/incidents", Incidents, params).incidents

    def suppressed(self, rule: str, limit: int) -> SuppressedList:
        return self.node.get(f"{_path(rule)}/suppressed", SuppressedList, [("limit", limit)])

    def add(self, draft: Draft) -> Rule:
        return self._set("POST", "/rules", draft)

    def change(self, rule: str, draft: Draft) -> Rule:
        """An example that the draft lacks stays with the rule."""
        return self._set("PATCH", _path(rule), draft)

    def switch(self, rule: str, state: RuleState) -> Rule:
        return self.node.send("PATCH", _path(rule), Rule, {"state": state}, _SETTING_TIMEOUT_S)

    def remove(self, rule: str) -> None:
        self.node.delete(_path(rule), _SETTING_TIMEOUT_S)

    def mark(self, rule: str, moment_id: str, is_right: bool | None) -> Rule:
        """None takes back what was said of the moment."""
        said = {"moment_id": moment_id, "is_right": is_right}
        return self.node.send("POST", f"{_path(rule)}/marks", Rule, said, _SETTING_TIMEOUT_S)

    def try_out(self, draft: Draft, days: float, over: TriedOver) -> Backtest:
        more = {"days": days, "over": over}
        return self._send("POST", "/rules/backtest", Backtest, draft, more, _TRYING_TIMEOUT_S)

    def try_known(self, rule: str, days: float, over: TriedOver) -> Backtest:
        asked = {"rule": rule, "days": days, "over": over}
        return self.node.send("POST", "/rules/backtest", Backtest, asked, _TRYING_TIMEOUT_S)

    def _set(self, method: str, path: str, draft: Draft) -> Rule:
        return self._send(method, path, Rule, draft, {}, _SETTING_TIMEOUT_S)

    def _send(
        self, method: str, path: str, shape: type[_T], draft: Draft, more: Mapping[str, object], timeout_s: float
    ) -> _T:
        """The draft as JSON; with a file, that is the body, and the rest stands in the address."""
        body = {**draft.body(), **more}
        if draft.file is None:
            return self.node.send(method, path, shape, body, timeout_s)
        asked = {**body, "by": draft.file.by}
        params: Params = [(name, each) for name, value in asked.items() for each in _each(value)]
        return self.node.upload(method, f"{path}/by-example", shape, params, draft.file.content, timeout_s)


def _each(value: object) -> list[str]:
    """An empty one for none, which would be left out of an address: it would stay as it is."""
    return [str(each) for each in value] or [""] if isinstance(value, list) else [str(value)]


def _path(rule: str) -> str:
    return f"/rules/{quote(rule, safe='')}"
