"""What limits are worth, found by planning again with each of them moved, two side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fleetplan.catalogue import load_catalogue
from fleetplan.limits.answer import probed
from fleetplan.limits.probes import patch_of
from fleetplan.limits.types import Probe, Probed
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.reruns.again import OPTIONS, Again
from fleetplan.reruns.beside import made_beside
from fleetplan.run import QUIET, Run
from fleetplan.service.types import CityService


def worth_of_limits(
    plan: Plan,
    probes: Sequence[Probe],
    services: Mapping[str, CityService],
    options: PlanOptions = OPTIONS,
    run: Run = QUIET,
    workers: int | None = None,
) -> list[Probed]:
    """Return what each moved limit is worth, in the order of the probes.

    ``services`` are the curves of the plan's cities; ``workers`` processes share them out, with one this one makes all.
    """
    catalogue = run.catalogue if run.catalogue is not None else load_catalogue()
    again = Again(plan, catalogue, services, options, Run(stop=run.stop, catalogue=catalogue, cache_dir=run.cache_dir))
    patches = [patch_of(probe, plan, catalogue) for probe in probes]
    made = {number: one for (number, _), one in made_beside(again, _made, list(enumerate(patches)), workers=workers)}
    return [probed(probe, plan, made[number]) for number, probe in enumerate(probes)]


def _made(again: Again, told: tuple[int, Mapping[str, Any]]) -> Plan | None:
    return again.made(told[1])
