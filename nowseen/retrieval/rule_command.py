"""`nowseen evaluate rules`: measures a data set and prints how rules did on it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import TypeAdapter

import encoders
from nowseen.encoder_choice import encoder_options, wanted_encoders
from nowseen.retrieval.command import progress
from nowseen.retrieval.evaluation import must_hear
from nowseen.retrieval.loading import load_dataset
from nowseen.retrieval.models import load_models
from nowseen.retrieval.rule_evaluation import RulesEvaluated, evaluate_rules
from nowseen.retrieval.rule_report import rules_text
from nowseen.settings import Settings, load_topology

RULES_JSON = TypeAdapter(RulesEvaluated)


def rules_command(settings: Settings, what: str, chosen: Mapping[str, str | None], *, as_json: bool) -> None:
    """`chosen` names encoders by role in place of the settings' own. Raises ConfigError."""
    topology = load_topology(settings)
    names = dict(wanted_encoders(settings, topology)) | {role: name for role, name in chosen.items() if name}
    dataset = load_dataset(what, settings.cache)
    models = load_models(topology, names, encoder_options(settings), hearing=must_hear(dataset))
    found = evaluate_rules(dataset, models, encoders.voice_activity, tell=progress)
    progress("")
    print(RULES_JSON.dump_json(found, indent=1).decode() if as_json else rules_text(found))
