"""Voices are compared as they are now, whoever came, changed or went in between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from domain.events import Vector
from domain.known_voices import KnownVoices
from domain.speakers import Speaker

SIZE = 32


def voice(number: int) -> Vector:
    row = np.random.default_rng(number).standard_normal(SIZE)
    return tuple((row / np.linalg.norm(row)).tolist())


def speaker(number: int, take: int = 0) -> Speaker:
    return Speaker(f"s{number}", number, voice(1000 * take + number), 1, 3.0, 1.0, 2.0, ("cam",))


def test_likeness_follows_what_is_put_and_removed() -> None:
    known = KnownVoices(speaker(number) for number in range(1, 41))
    known.remove(["s3", "s40"])
    known.put(speaker(5, take=1))
    known.put(replace(speaker(7), merged_into="s6"))
    known.put(replace(speaker(8), enrolled=voice(9999)))
    known.put(speaker(41))
    known.remove(["s1"])
    known.put(speaker(3, take=2))

    anew = KnownVoices(known.all())
    for asked in (voice(5), voice(1005), voice(9999), voice(2003), voice(123)):
        found, expected = known.likeness(asked), anew.likeness(asked)
        assert [each.id for _, each in found] == [each.id for _, each in expected]
        assert [likeness for likeness, _ in found] == pytest.approx([likeness for likeness, _ in expected])
    assert known.likeness(voice(9999))[0][1].id == "s8"
    assert known.likeness(voice(2003))[0][1].id == "s3"
    known.remove([each.id for each in known.all()])
    assert known.likeness(voice(5)) == []


def test_many_voices_are_compared_with_a_person_as_one_is_with_everybody() -> None:
    known = KnownVoices(speaker(number) for number in range(1, 21))
    known.put(replace(speaker(7), merged_into="s6"))
    known.put(replace(speaker(6), enrolled=voice(9999)))
    asked = [voice(6), voice(1007), voice(7), voice(9999), voice(123)]
    expected = [next(likeness for likeness, each in known.likeness(one) if each.id in ("s6", "s7")) for one in asked]
    assert known.likeness_to(speaker(6), []) == []
    person = known.person("s7")
    assert person is not None
    assert known.likeness_to(person, asked) == pytest.approx(expected)


def test_an_id_means_its_own_record_whoever_has_it_for_a_name() -> None:
    known = KnownVoices([replace(speaker(1), name="s2"), speaker(2)])
    found = known.called("s2")
    assert found is not None
    assert found.number == 2


def test_a_voice_that_changes_leaves_the_others_where_they_are() -> None:
    known = KnownVoices(speaker(number) for number in range(1, 41))
    rows = known._rows
    for take in range(1, 4):
        known.put(speaker(5, take))
    assert known._rows is rows


def test_a_number_is_given_once() -> None:
    assert KnownVoices([speaker(4)]).new_number() == 5
    assert KnownVoices([speaker(4)], last_number=7).new_number() == 8
    assert KnownVoices([]).new_number() == 1
