"""Music, only to measure with: nobody speaks in it. Licences: NOTICE."""

from __future__ import annotations

from nowseen.samples import DebianPackage, Origin, SampleFile

MUSIC = Origin(
    "music on hold (opsound)",
    DebianPackage("asterisk-moh-opsound-wav"),
    tuple(
        SampleFile(f"music-{piece}.wav", f"usr/share/asterisk/moh/{piece}.wav", sha256)
        for piece, sha256 in (
            ("macroform-cold_day", "716048b9913498c5416ed2df0d28b562b5c8017c07a030e19bb119b96d905b92"),
            ("macroform-robot_dity", "018064be59d8830d495c948231aefa286369eaff9a289a112af09acf94b57445"),
            ("macroform-the_simplicity", "ce642e2f083a9d2df94b252476f6a339c93a59882838fce5d4dd6afbdcf2cef9"),
            ("manolo_camp-morning_coffee", "43540271262ebb37f5a760dea62686cc30dc379d85757a83f79b8bc0dce8bedb"),
            ("reno_project-system", "6eab497384d54844e064125625ae6e147973de6a4b1e58fad87cf5aa095fbf92"),
        )
    ),
)
