"""A link is good for what was signed, until then, and for nothing else."""

from __future__ import annotations

import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.errors import ConfigError
from search.signed_links import LinkSigner, load_link_key

KEY = bytes(range(32))
SIGNER = LinkSigner(KEY)
NOW_S = 1_767_225_600

paths = st.text(max_size=30)
expiries = st.integers(0, 10**12)


@given(paths, expiries)
def test_it_is_good_until_it_expires(path: str, expires_s: int) -> None:
    signature = SIGNER.sign(path, expires_s)

    assert SIGNER.check(path, signature, expires_s, expires_s - 1)
    assert not SIGNER.check(path, signature, expires_s, expires_s)
    assert len(signature) == 43 and set(signature) <= set(string.ascii_letters + string.digits + "-_")


@given(paths, expiries, paths, expiries)
def test_another_path_or_expiry_has_another_signature(path: str, expires_s: int, other: str, later_s: int) -> None:
    assume((path, expires_s) != (other, later_s))

    assert not SIGNER.check(other, SIGNER.sign(path, expires_s), later_s, later_s - 1)


def test_a_path_can_t_pass_for_another_with_another_expiry() -> None:
    assert SIGNER.sign("2\n/clip", 1) != SIGNER.sign("/clip", 2)
    assert SIGNER.sign("/clip", 12) != SIGNER.sign("2/clip", 1)


@given(st.text(max_size=50))
def test_a_made_up_signature_is_refused(signature: str) -> None:
    assume(signature != SIGNER.sign("/clip", NOW_S + 60))

    assert not SIGNER.check("/clip", signature, NOW_S + 60, NOW_S)


def test_another_key_signs_otherwise() -> None:
    assert not LinkSigner(KEY[::-1]).check("/clip", SIGNER.sign("/clip", NOW_S + 60), NOW_S + 60, NOW_S)


def test_the_key_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "links.key"
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(load_link_key, [path] * 8))

    assert keys == {path.read_bytes()}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["links.key"]
    assert repr(path.read_bytes()) not in repr(LinkSigner(path.read_bytes()))


def test_a_key_that_others_may_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "links.key"
    load_link_key(path)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_link_key(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(ConfigError, match="5 bytes"):
        load_link_key(path)
    with pytest.raises(ConfigError, match="at least 32"):
        LinkSigner(b"short")
