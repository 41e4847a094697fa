"""What the page reads of rules is what the node answers, and what it sends is what the node takes."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from dashboards import rule_answers
from dashboards.rules_api import Draft
from search import api_incident_models, api_rule_models, api_webhooks


@pytest.mark.parametrize(
    ("read", "answered"),
    [
        (rule_answers.Threshold, api_rule_models.ThresholdModel),
        (rule_answers.Rule, api_rule_models.RuleModel),
        (rule_answers.LeftOut, api_rule_models.LeftOutModel),
        (rule_answers.Rules, api_rule_models.RulesModel),
        (rule_answers.Backtest, api_rule_models.BacktestModel),
        (rule_answers.EvidenceLine, api_incident_models.EvidenceLineModel),
        (rule_answers.Match, api_incident_models.MatchModel),
        (rule_answers.Incident, api_incident_models.IncidentModel),
        (rule_answers.Incidents, api_incident_models.IncidentsModel),
        (rule_answers.Suppressed, api_incident_models.SuppressedModel),
        (rule_answers.SuppressedList, api_incident_models.SuppressedListModel),
        (rule_answers.Webhook, api_webhooks.WebhookModel),
        (rule_answers.Webhooks, api_webhooks.WebhooksModel),
    ],
)
def test_every_field_is_one_that_the_node_answers(read: type[BaseModel], answered: type[BaseModel]) -> None:
    assert read.model_fields.keys() <= answered.model_fields.keys()


def test_every_field_of_a_draft_is_one_that_the_node_takes() -> None:
    like = "00000000-0000-0000-0000-00000000cafe"
    body = Draft("a forklift", "Forklift", "08:00-18:00", ("team",), 0.5, "examples", like).body()
    assert body.keys() <= api_rule_models.DraftModel.model_fields.keys()
    model = api_rule_models.DraftModel.model_validate(body)
    taken = model.draft()
    assert (taken.query, taken.name, taken.hours) == ("a forklift", "Forklift", "08:00-18:00")
    assert (taken.webhooks, taken.false_alarms_per_day, taken.decided_by) == (("team",), 0.5, "examples")
    assert str(model.like) == like
