"""The demo's text source: headlines of a town that does not exist, as WebVTT, whose times count from the start."""

from __future__ import annotations

EVERY_S = 3

HEADLINES = (
    "The night ferry to the islands is cancelled because of high waves.",
    "The central library stays open until midnight during the exam weeks.",
    "Astronomers report a comet that will be visible to the naked eye in March.",
    "Bread prices rise after the second poor wheat harvest in a row.",
    "The home team wins the cup final on penalties after extra time.",
    "A burst water main has closed the bridge road to all traffic.",
    "The museum shows lost photographs of the old railway for the first time.",
    "Doctors advise people with hay fever to keep their windows shut this week.",
    "The shipyard lays off two hundred workers after its largest order is withdrawn.",
    "The first snow of the year is expected above eight hundred metres tonight.",
    "Beekeepers count twice as many hives as ten years ago.",
    "The council votes for free trams on Sundays.",
)


def to_webvtt() -> str:
    """Each headline stands until the next one."""
    cues = [
        f"{_stamp(number * EVERY_S)} --> {_stamp((number + 1) * EVERY_S)}\n{headline}\n"
        for number, headline in enumerate(HEADLINES)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _stamp(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000"
