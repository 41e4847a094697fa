"""The search node's rules over HTTP: one method per question. Each raises ApiDown or ApiRefused, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from dashboards.api_client import ApiDown, SearchApi
from dashboards.question import Params
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
from domain.rules import DecidedBy

_SETTING_TIMEOUT_S = 30.0  # the node waits until the rule is at work
_TRYING_TIMEOUT_S = 300.0  # some ten thousand moments, and one rule is tried at a time


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as people write it. An empty name is the query's words, empty hours are always."""

    query: str
    name: str = ""
    hours: str = ""
    webhooks: tuple[str, ...] = ()
    false_alarms_per_day: float = 1.0
    decided_by: DecidedBy = "budget"

    def body(self) -> dict[str, object]:
        return {
            "query": self.query, "name": self.name, "hours": self.hours, "webhooks": list(self.webhooks),
            "false_alarms_per_day": self.false_alarms_per_day, "decided_by": self.decided_by,
        }  # fmt: skip


class RulesApi:
    def __init__(self, node: SearchApi) -> None:
        self.node = node

    def rules(self) -> tuple[Rule, ...]:
        return self.node.get("/rules", Rules).rules

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
        return self._set("POST", "/rules", draft.body())

    def change(self, rule: str, changes: Mapping[str, object]) -> Rule:
        return self._set("PATCH", _path(rule), changes)

    def remove(self, rule: str) -> None:
        self.node.delete(_path(rule), _SETTING_TIMEOUT_S)

    def mark(self, rule: str, moment_id: str, is_right: bool | None) -> Rule:
        """None takes back what was said of the moment."""
        return self._set("POST", f"{_path(rule)}/marks", {"moment_id": moment_id, "is_right": is_right})

    def try_out(self, draft: Draft, days: float) -> Backtest:
        return self._try({**draft.body(), "days": days})

    def try_known(self, rule: str, days: float) -> Backtest:
        return self._try({"rule": rule, "days": days})

    def _set(self, method: str, path: str, body: Mapping[str, object]) -> Rule:
        return self.node.send(method, path, Rule, body, _SETTING_TIMEOUT_S)

    def _try(self, body: Mapping[str, object]) -> Backtest:
        return self.node.send("POST", "/rules/backtest", Backtest, body, _TRYING_TIMEOUT_S)


def _path(rule: str) -> str:
    return f"/rules/{quote(rule, safe='')}"
