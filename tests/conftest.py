"""Fixtures that every test file may ask for, and the cache that all tests share."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fleetplan.catalogue.types import Catalogue

ROOT = Path(__file__).resolve().parent.parent


os.environ.setdefault("FLEETPLAN_REPLAYS_EACH", "0")
"""No plan of a test is replayed in the background, where a test does not ask for it: it would take the cores from the others."""

FIRST_FILES = (
    *("exact", "takeover", "oracle", "pages_browser", "sharing", "constraint_properties", "pages_journeys"),
    *("service_killed", "api_fuzz", "markets_first", "simulate", "jobs", "planner", "nodes", "doubt_cells", "blocks"),
    *("recourse_service", "recourse", "recourse_prices", "odd_plans", "check", "api_cli", "rerun", "generated_client"),
    *("examples", "stopping", "portfolio", "structure", "store", "field_requests", "compare", "geography", "optimize"),
)
"""Files that several processes begin with, the long ones first: one that is begun last is waited for by all the others.

Files that compute and files that wait for processes take turns. The first makes the response curves of all cities where no
cache has them, while those after it do without.
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put files in order where several processes run the tests (with ``--no-loadscope-reorder``): long ones, then large ones."""
    if not hasattr(config, "workerinput"):
        return
    place = {f"test_{name}.py": number for number, name in enumerate(FIRST_FILES)}
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (place.get(item.path.name, len(place)), -tests[item.path]))


def _source_digest() -> str:
    """Return a hash of everything under fleetplan/: what an older version of the code cached is never read."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "fleetplan").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.fixture(scope="session", autouse=True)
def cache_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Point FLEETPLAN_CACHE at a folder of pytest's own cache, so that a second run of the tests is fast.

    Without pytest's cache (``-p no:cacheprovider``) the folder lasts as long as the session. A FLEETPLAN_CACHE that is
    already set stays as it is.
    """
    given = os.environ.get("FLEETPLAN_CACHE")
    cache = getattr(request.config, "cache", None)
    if given:
        folder = Path(given)
    elif cache is not None:
        folder = cache.mkdir(f"fleetplan-{_source_digest()}")
    else:
        folder = tmp_path_factory.mktemp("fleetplan-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLEETPLAN_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def cities_folder() -> Path:
    """Return the folder of the real catalogue."""
    return ROOT / "cities"


@pytest.fixture(scope="session")
def catalogue(cities_folder: Path) -> Catalogue:
    """Return the real catalogue, read once."""
    from fleetplan.catalogue import load_catalogue  # noqa: PLC0415 - only tests that ask pay for the import

    return load_catalogue(cities_folder)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the Chromium of this machine: nothing is downloaded for it."""
    from tests.browser import CHROMIUM_FLAGS, chromium  # noqa: PLC0415 - only browser tests pay for the import

    return {"executable_path": chromium(), "args": CHROMIUM_FLAGS}
