"""The changelog speaks of this version first, and holds no section that says nothing."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

import fleetplan

HEADING = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d{2}-\d{2})$", re.MULTILINE)
SECTIONS = {"Breaking", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.fixture(scope="module")
def changelog(root: Path) -> str:
    return (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_newest_heading_is_this_version(changelog: str):
    assert HEADING.findall(changelog)[0][0] == fleetplan.__version__


def test_the_package_takes_its_version_from_the_code(root: Path):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"] == {"path": "fleetplan/__init__.py"}


def test_every_second_level_heading_is_a_version_and_versions_fall(changelog: str):
    found = HEADING.findall(changelog)
    assert len(found) == len(re.findall(r"^## ", changelog, re.MULTILINE))
    numbers = [tuple(map(int, version.split("."))) for version, _ in found]
    assert numbers == sorted(set(numbers), reverse=True)


def test_only_the_newest_version_may_be_unreleased(changelog: str):
    days = [day for _, day in HEADING.findall(changelog)]
    released = [date.fromisoformat(day) for day in days[days[0] == "unreleased" :]]
    assert released == sorted(released, reverse=True)


def test_every_section_has_a_known_name_and_says_something(changelog: str):
    sections = re.findall(r"^### (.+)\n\n(.*)", changelog, re.MULTILINE)
    assert len(sections) == len(re.findall(r"^###", changelog, re.MULTILINE))
    assert {name for name, _ in sections} <= SECTIONS
    assert all(first.startswith("- ") for _, first in sections)
