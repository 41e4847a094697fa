"""What a webhook says: an incident as JSON, as a message for a chat, or as plain text. Pure.

Kept below 20 kB, as the Standard Webhooks specification advises: what is long is cut, and the links lead to the rest.
What was said or written is somebody else's text. It is shown and never obeyed: it can't end a string, become a link or
call a channel.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from domain.deliveries import Delivery
from domain.endpoints import Endpoint, Preset
from domain.incident_facts import EvidenceLine, IncidentFacts

_LONGEST_NAME = 100  # characters
_LONGEST_TEXT = 1_000
_LONGEST_EVIDENCE = 150
_MOST_EVIDENCE = 10
_LONGEST_LINK = 1_500
_JSON = "application/json"


def delivery_for(facts: IncidentFacts, endpoint: Endpoint, now_s: float) -> Delivery:
    content_type, write = _PRESETS[endpoint.preset]
    return Delivery(endpoint.name, facts.incident, facts.update, content_type, write(facts), now_s)


def standard_body(facts: IncidentFacts) -> str:
    """JSON, in the specification's form: type, timestamp, data."""
    return _json(
        {
            "type": f"incident.{facts.state}",
            "timestamp": _instant(facts.changed_s),
            "data": {
                "rule": _cut(facts.rule, _LONGEST_NAME),
                "incident": facts.incident,
                "update": facts.update,
                "what": _cut(facts.text, _LONGEST_TEXT),
                "when": {"start": _instant(facts.start_s), "end": _instant(facts.end_s)},
                "where": facts.source,
                "evidence": [_evidence(line) for line in facts.evidence[:_MOST_EVIDENCE]],
                "thumbnail_url": _link(facts.thumbnail_url),
                "clip_url": _link(facts.clip_url),
            },
        }
    )


def slack_body(facts: IncidentFacts) -> str:
    """JSON that Slack and what takes after it (Mattermost, Rocket.Chat, Discord under /slack) show as a message."""
    lines = [_for_slack(line) for line in _lines(facts)]
    links = (("Watch", _link(facts.clip_url)), ("Picture", _link(facts.thumbnail_url)))
    lines += [f"<{_for_slack(url).replace('|', '%7C')}|{label}>" for label, url in links if url]
    return _json({"text": "\n".join(lines)})


def plain_body(facts: IncidentFacts) -> str:
    links = (_link(facts.clip_url), _link(facts.thumbnail_url))
    return "\n".join([*_lines(facts), *(url for url in links if url)]) + "\n"


_PRESETS: dict[Preset, tuple[str, Callable[[IncidentFacts], str]]] = {
    "standard": (_JSON, standard_body),
    "slack": (_JSON, slack_body),
    "plain": ("text/plain; charset=utf-8", plain_body),
}


def _lines(facts: IncidentFacts) -> list[str]:
    return [
        f"{_cut(facts.rule, _LONGEST_NAME)}: {facts.state}",
        _cut(facts.text, _LONGEST_TEXT),
        f"{facts.source}, {_instant(facts.start_s)} to {_instant(facts.end_s)}",
        *(
            f"- {_cut(line.what, _LONGEST_NAME)}: {_cut(line.text, _LONGEST_EVIDENCE)}"
            for line in facts.evidence[:_MOST_EVIDENCE]
        ),
    ]


def _evidence(line: EvidenceLine) -> dict[str, Any]:
    return {
        "what": _cut(line.what, _LONGEST_NAME),
        "text": _cut(line.text, _LONGEST_EVIDENCE),
        "score": round(line.score, 3),
        "at": _instant(line.start_s),
    }


def _for_slack(text: str) -> str:
    """Escaped as Slack asks (https://docs.slack.dev/messaging/formatting-message-text), so that no text becomes a link
    or a mention. Mattermost and Discord also call everybody by a bare @channel: a space without width breaks it."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"@(?=(?:channel|all|here|everyone)\b)", "@\u200b", escaped, flags=re.IGNORECASE)


def _cut(text: str, longest: int) -> str:
    """One line without control characters or halves of characters."""
    clean = text[: 2 * longest].encode("utf-8", "replace").decode()
    clean = " ".join("".join(one if one.isprintable() else " " for one in clean).split())
    is_whole = len(clean) <= longest and len(text) <= 2 * longest
    return clean if is_whole else clean[: longest - 1] + "…"


def _link(url: str | None) -> str | None:
    """A cut link leads nowhere: one that is too long is left out."""
    return url if url is not None and len(url) <= _LONGEST_LINK else None


def _instant(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
