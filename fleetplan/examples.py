"""The example requests that travel with the package."""

from __future__ import annotations

from pathlib import Path


def examples_path() -> Path:
    """Return the folder of example requests: inside the package, else the checkout's ``examples``."""
    package = Path(__file__).resolve().parent
    packaged = package / "_examples"
    return packaged if packaged.is_dir() else package.parent / "examples"


def example_files() -> dict[str, Path]:
    """Return the file of each example by its name."""
    return {file.stem: file for file in sorted(examples_path().glob("*.yaml"))}
