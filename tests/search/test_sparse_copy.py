"""Copies hold what the files held, and take no more room."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from search.sparse_copy import copy_tree, occupied_bytes

BLOCK = 1 << 16


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.binary(min_size=1, max_size=9)), max_size=5), st.integers(0, 50 * BLOCK)
)
def test_files_with_holes(pieces: list[tuple[int, bytes]], size: int) -> None:
    with TemporaryDirectory() as at:
        source, target = Path(at) / "source", Path(at) / "target"
        (source / "segments" / "deep").mkdir(parents=True)
        with (source / "segments" / "deep" / "vectors").open("wb") as file:
            file.truncate(size)
            for block, content in pieces:
                os.pwrite(file.fileno(), content, block * BLOCK)
        (source / "config").write_bytes(b"{}")
        (source / "log").write_bytes(b"left out")
        copy_tree(source, target, ("config", "segments"))
        assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*")) == [
            "config", "segments", "segments/deep", "segments/deep/vectors"
        ]  # fmt: skip
        for name in ("config", "segments/deep/vectors"):
            assert (target / name).read_bytes() == (source / name).read_bytes()
        assert occupied_bytes(target) <= occupied_bytes(source)
