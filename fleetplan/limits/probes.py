"""Which limits are moved for a plan, ten at most, and what makes a request of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fleetplan.catalogue.figures import permit_numbers
from fleetplan.catalogue.ranges import spec_of_figure
from fleetplan.catalogue.types import Catalogue
from fleetplan.limits.types import Probe
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.request import AnyConstraint
from fleetplan.request.constraints import PartnerParticipation
from fleetplan.request.members import members_of
from fleetplan.scope.overrides import apply_overrides

MOST = 10
TENTH, QUARTER, FIFTH, SOONER = 0.1, 0.25, 0.2, -3.0
GROWTH = (
    *("fleet.growth_vehicles_per_month", "fleet.growth_share_per_month"),
    *("fleet.partner_growth_vehicles_per_month", "fleet.partner_growth_share_per_month"),
)
FIRST_YEAR = "fleet.first_year_fleet"
EACH = 2
"""Of stacks, and of openings, so many: those with most vehicles, and those worth most."""

WHY = "a limit moved by a step"


def probes_of(plan: Plan, catalogue: Catalogue) -> list[Probe]:
    """Return the limits to move: what binds first, then the rest, ten at most."""
    bound = {b.rule for b in plan.binds} | {b.constraint for b in plan.binds if b.constraint}
    every = list(_every(plan, catalogue))
    ranked = sorted(range(len(every)), key=lambda k: (not _binds(every[k], bound), k))
    return [every[k] for k in sorted(ranked[:MOST])]


def _binds(probe: Probe, bound: set[str]) -> bool:
    rules = {
        "budget": {"capital"},
        "supply": {"stack_supply"},
        "permit": {"permit_path"},
        "growth": {"ramp", "partner_growth"},
        "first_year": {"first_year_fleet"},
        "permit_cap": {"permit_cap"},
        "partners": {"partner_earns"},
    }
    return bool(bound & rules.get(probe.kind, {probe.constraint}))


def _every(plan: Plan, catalogue: Catalogue) -> Iterator[Probe]:
    opened = [d for c in plan.cities for d in c.deployments if d.launch]
    yield Probe(kind="budget", change=TENTH, loosens=True)
    yield Probe(kind="budget", change=-TENTH, loosens=False)
    fleets = sorted((s for s in plan.stacks if any(s.in_service)), key=lambda s: (-s.in_service[-1], s.stack))
    for stack in fleets[:EACH]:
        for change in (TENTH, -TENTH):
            yield Probe(kind="supply", change=change, stack=stack.stack, loosens=None if change > 0 else False)
    for d in sorted(opened, key=lambda d: -d.npv_usd)[:EACH]:
        yield Probe(kind="permit", change=SOONER, city=d.city, stack=d.stack)
    yield Probe(kind="growth", change=FIFTH)
    yield Probe(kind="first_year", change=QUARTER)
    yield from _caps(opened, catalogue)
    yield from (p for c in plan.request.constraints if (p := _asked(c)) is not None)
    if not any(isinstance(c, PartnerParticipation) for c in plan.request.constraints):
        yield Probe(kind="partners", change=0.0, loosens=True)


def _caps(opened: Iterable[DeploymentPlan], catalogue: Catalogue) -> Iterator[Probe]:
    """Yield the caps on vehicles of permits that services of a plan run under."""
    capped = {f.key.partition("#")[2].rpartition(".")[0] for f in _cap_figures(catalogue)}
    met = dict.fromkeys(s.permit for d in opened for s in d.permits if s.opens.startswith("paid"))
    for permit in met:
        if permit in capped:
            yield Probe(kind="permit_cap", change=QUARTER, permit=permit)


def _cap_figures(catalogue: Catalogue) -> list[Any]:
    laws = catalogue.jurisdictions.values()
    return [f for law in laws for f in permit_numbers(law) if f.key.endswith(".fleet_cap") and f.value > 0]


def _asked(c: AnyConstraint) -> Probe | None:
    """Return the limit of a constraint a quarter looser: a cap higher, a floor lower; None where it is no amount."""
    if c.limit is None or not c.limit.unit or c.given:
        return None
    change = QUARTER if c.limit.tighter == "less" else -QUARTER
    before, after = float(getattr(c, c.limit.member)), _moved(c, change)
    if before == after:
        return None
    loosens = True if c.only_forbids else None
    return Probe(kind="constraint", change=change, constraint=c.id, before=before, after=after, loosens=loosens)


def _moved(c: AnyConstraint, change: float) -> float:
    """Return a constraint's limit with a share on top, within what may be asked; of a loss, what may be lost more."""
    assert c.limit is not None  # noqa: S101  # probed for it
    member, now = members_of(type(c))[c.limit.member], float(getattr(c, c.limit.member))
    after = now + change * abs(now)
    if member.kind == "whole":
        after = round(after)
        after += (1 if change > 0 else -1) if after == now else 0
    least = member.least if member.least is not None else after
    most = member.most if member.most is not None else after
    return min(max(after, least), most)


def patch_of(probe: Probe, plan: Plan, catalogue: Catalogue) -> dict[str, Any]:
    """Return what makes a request of a moved limit."""
    factor = 1.0 + probe.change
    if probe.kind == "budget":
        given = plan.request.capital.per_quarter_usd
        scaled = [round(v * factor, 2) for v in given] if isinstance(given, list) else round(given * factor, 2)
        return {"capital": {"per_quarter_usd": scaled}}
    if probe.kind in {"growth", "first_year"}:
        keys = GROWTH if probe.kind == "growth" else (FIRST_YEAR,)
        return {"overrides": {f"assumptions.toml#{key}": _times(plan, catalogue, key, factor) for key in keys}}
    if probe.kind == "permit_cap":
        figure = next(f for f in _cap_figures(catalogue) if f.key.partition("#")[2].startswith(f"{probe.permit}."))
        return {"overrides": {figure.key: {"value": float(round(figure.value * factor)), "why": WHY}}}
    return {"constraints": _constraints(probe, plan)}


def _times(plan: Plan, catalogue: Catalogue, key: str, factor: float) -> dict[str, Any]:
    own, _ = apply_overrides(catalogue, plan.request.overrides)
    figure = own.assumptions[key]
    value = figure.value * factor
    return {"value": float(round(value)) if spec_of_figure(figure).whole else round(value, 9), "why": WHY}


def _constraints(probe: Probe, plan: Plan) -> dict[str, Any]:
    if probe.kind == "constraint":
        c = next(c for c in plan.request.constraints if c.id == probe.constraint)
        assert c.limit is not None  # noqa: S101  # probed for it
        return {c.id: {c.limit.member: _moved(c, probe.change) if probe.after is None else probe.after}}
    known = {c.id for c in plan.request.constraints}
    name = next(
        n for n in (f"moved-{probe.kind}", *(f"moved-{probe.kind}-{k}" for k in range(2, 1000))) if n not in known
    )
    if probe.kind == "supply":
        return {name: {"type": "supply_change", "stack": probe.stack, "factor": round(1.0 + probe.change, 6)}}
    if probe.kind == "permit":
        where = {"city": probe.city, "stack": probe.stack}
        return {name: {"type": "permit_delay", **where, "months": round(probe.change)}}
    return {name: {"type": "partner_participation"}}
