"""Links to thumbnails and clips that leave this machine, in a webhook, and lead back to it for a while."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from domain.alerts import AlertRaised
from domain.incident_facts import IncidentFacts
from search.clip_links import Links
from search.clips import ChunkList
from search.signed_links import LinkSigner

LINKS_LAST_S = 7 * 24 * 3600  # as long as what is told of can be read again from its topic

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignedMedia:
    """`base_url`: where whoever reads a webhook finds this node. `clock`: Unix seconds. Methods block."""

    archive: ChunkList
    base_url: str
    signer: LinkSigner
    clock: Callable[[], float]

    def show(self, alert: AlertRaised) -> IncidentFacts:
        """The alert's facts with links, as far as there is something to see now. What goes wrong with them costs the
        links and not the alert, nor those behind it."""
        links = Links(self.archive, "")
        try:
            thumbnail = links.thumbnail_url(alert.thumbnail_key)
            clip = links.clip_url(alert.facts.source, *alert.clip_span_s) if alert.clip_span_s is not None else None
        except Exception as error:
            _log.warning("a webhook goes without links: %s: %s", type(error).__name__, error)
            return alert.facts
        return replace(alert.facts, thumbnail_url=self._signed(thumbnail), clip_url=self._signed(clip))

    def _signed(self, link: str | None) -> str | None:
        if link is None:
            return None
        path, mark, fragment = link.partition("#")
        expires_s = int(self.clock()) + LINKS_LAST_S
        added = f"{'&' if '?' in path else '?'}expires={expires_s}&signature={self.signer.sign(path, expires_s)}"
        return f"{self.base_url.rstrip('/')}{path}{added}{mark}{fragment}"


def judge_link(
    signer: LinkSigner | None, path: str, expires_s: int | None, signature: str | None, now_s: float
) -> Literal["unsigned", "good", "expired", "forged"]:
    """Whether the link to `path` holds. With half of a signature it is forged, and so it is where none is made."""
    if expires_s is None and signature is None:
        return "unsigned"
    if signer is None or expires_s is None or signature is None or not signer.check(path, signature, expires_s, 0.0):
        return "forged"
    return "good" if now_s < expires_s else "expired"
