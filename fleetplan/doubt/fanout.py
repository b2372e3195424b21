"""A plan's request planned again with many patches: shared out over processes, one core a plan, each plan kept as it comes.

Every plan starts from the one that is doubted. The search counts nodes, not seconds, so that the same patch has the same plan on
any machine and with any number of processes. Where plans are kept, whoever asks again, after the end of this process whatever
ended it too, makes only those that are missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleetplan import __version__
from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.options import PlanOptions
from fleetplan.plans.files import plan_sha256
from fleetplan.plans.shelf import keep, kept
from fleetplan.plans.types import Plan
from fleetplan.prepare import services_for
from fleetplan.reruns.again import Again
from fleetplan.run import Run
from fleetplan.scope import resolve_scope
from fleetplan.service import default_cache_dir
from fleetplan.service.types import CityService
from fleetplan.side_by_side import SideBySide

GAP, NODES, SECONDS = 0.02, 400, 60.0
OPTIONS = PlanOptions(gap=GAP, node_limit=NODES, time_limit_s=SECONDS)
WORKERS, MOST_WORKERS = 2, 64

Patch = Mapping[str, Any]
Told = Callable[[int, int], None]
"""Hears how many plans are made, and how many there are."""


@dataclass(frozen=True, eq=False)
class World:
    """What plans are made with: the catalogue, and the response curves of the plan's cities as of its request."""

    catalogue: Catalogue
    services: Mapping[str, CityService]

    @staticmethod
    def of(plan: Plan) -> World:
        """Return the world of a plan, as it is loaded."""
        catalogue = load_catalogue()
        run = Run(catalogue=catalogue)
        return World(catalogue, services_for(resolve_scope(plan.request, catalogue), run))


@dataclass(frozen=True, eq=False)
class Effort:
    """How to plan again.

    Attributes
    ----------
    workers
        Processes; with one, plans are made in this one.
    keep
        Folder in which every plan is kept as it comes; None: nowhere.
    """

    options: PlanOptions = OPTIONS
    workers: int = WORKERS
    keep: Path | None = None
    told: Told | None = None


def usual_folder() -> Path:
    """Return where plans made again are kept where nobody says otherwise: with the cities' curves."""
    return default_cache_dir() / "again"


def plan_files(plan: Plan, patches: Sequence[Patch], effort: Effort, catalogue_sha256: str) -> list[Path | None]:
    """Return where each patch's plan is kept; there need not be any yet. None: nowhere."""
    if effort.keep is None:
        return [None] * len(patches)
    of = [__version__, catalogue_sha256, plan_sha256(plan), effort.options.model_dump(mode="json")]
    names = (hashlib.sha256(json.dumps([*of, patch], sort_keys=True).encode()).hexdigest()[:32] for patch in patches)
    return [effort.keep / f"{name}.plan.json" for name in names]


def planned(plan: Plan, patches: Sequence[Patch], effort: Effort, world: World) -> Iterator[Plan | None]:
    """Yield each patch's plan in their order, None where no plan keeps every rule.

    What is kept is not made again, and what is asked for twice is made once.
    """
    files = plan_files(plan, patches, effort, world.catalogue.digest)
    texts = [json.dumps(patch, sort_keys=True) for patch in patches]
    first = {text: k for k, text in reversed(list(enumerate(texts)))}
    found = {k: one.plan for k in first.values() if (one := kept(files[k])) is not None}
    left = sorted(first.values() - found.keys())
    fresh = _made(plan, [(patches[k], files[k]) for k in left], effort, world)
    for text in texts:
        while first[text] not in found:
            number, made = next(fresh)
            found[left[number]] = made
            if effort.told is not None:
                effort.told(len(found), len(first))
        yield found[first[text]]


def _made(
    plan: Plan, todo: Sequence[tuple[Patch, Path | None]], effort: Effort, world: World
) -> Iterator[tuple[int, Plan | None]]:
    """Yield what is made, with its number, as it comes."""
    workers = min(effort.workers, len(todo))
    if workers <= 1:
        again = _again(plan, effort.options, world)
        yield from ((k, _one(again, patch, file)) for k, (patch, file) in enumerate(todo))
        return
    with SideBySide(workers, _begin, plan, effort.options, world) as processes:
        yield from processes.done(_task, list(enumerate(todo)))


def _again(plan: Plan, options: PlanOptions, world: World) -> Again:
    return Again(plan, world.catalogue, world.services, options, Run(catalogue=world.catalogue))


def _one(again: Again, patch: Patch, file: Path | None) -> Plan | None:
    found = again.made(patch)
    keep(found, file)
    return found


_HERE: dict[str, Again] = {}


def _begin(plan: Plan, options: PlanOptions, world: World) -> None:
    _HERE["again"] = _again(plan, options, world)


def _task(told: tuple[Patch, Path | None]) -> Plan | None:
    return _one(_HERE["again"], *told)
