"""A file is written whole or not at all, and what failed leaves nothing behind."""

from pathlib import Path

import pytest

from fleetplan.whole_files import whole_file


def _files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, by name."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def _break_off(path: Path) -> None:
    """Write half a file and fail."""
    with whole_file(path) as file:
        file.write(b"half")
        raise RuntimeError


def test_a_whole_file_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "made" / "curves.bin"
    for content in (b"first", b"second"):
        with whole_file(path) as file:
            file.write(content)
        assert _files(path.parent) == {"curves.bin": content}


def test_a_file_that_fails_in_the_middle_leaves_the_one_before_and_no_half(tmp_path: Path) -> None:
    path = tmp_path / "curves.bin"
    path.write_bytes(b"whole")
    with pytest.raises(RuntimeError):
        _break_off(path)
    assert _files(tmp_path) == {"curves.bin": b"whole"}


def test_a_path_that_cannot_be_taken_leaves_no_half(tmp_path: Path) -> None:
    (tmp_path / "curves.bin" / "in the way").mkdir(parents=True)
    with pytest.raises(OSError), whole_file(tmp_path / "curves.bin") as file:
        file.write(b"whole")
    assert [each.name for each in tmp_path.iterdir()] == ["curves.bin"]
