"""A file is there whole or not at all."""

from __future__ import annotations

import pytest

from penchant.whole import written_whole


def test_until_it_is_whole_the_file_is_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")
    with written_whole(path) as file:
        file.write(b"aft")
        file.flush()
        assert path.read_text() == "before"
        file.write(b"er")
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def half_written(path) -> None:
    with written_whole(path) as file:
        file.write(b"half")
        raise RuntimeError


def test_what_fails_leaves_nothing_behind(tmp_path):
    with pytest.raises(RuntimeError):
        half_written(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
