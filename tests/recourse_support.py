"""The extensive form of a scenario set: all scenarios' problems side by side, what is decided for all as columns of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import block_diag, csr_matrix

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.matrix import PLAN, Array, Builder, Model, RowLabel
from fleetplan.optimize.tidy import whole_columns
from fleetplan.options import PlanOptions
from fleetplan.recourse.idle import IdleCosts, Key
from fleetplan.recourse.making import Effort
from fleetplan.recourse.solve import Solved, solve
from fleetplan.request import ScenarioSet
from fleetplan.reruns.commit import LASTING, MILLION, SPENT, Spending, slots_of
from fleetplan.reruns.keep import periods_before
from fleetplan.run import Run
from tests.test_optimize import SERVICES, WORLD

HERE = Run(catalogue=WORLD)
NEAR = 2e-3
EXACT = PlanOptions(gap=1e-5, time_limit_s=60.0)
LATE: dict[str, Any] = {
    "id": "late",
    "known_from": "2027-07",
    "cases": [
        {"id": "kept", "probability": 0.5},
        {"id": "late", "probability": 0.3, "slips": [{"stack": "beta", "city": "belport", "months": 8}]},
        {
            "id": "stopped",
            "probability": 0.2,
            "slips": [
                {"stack": "beta", "city": "belport", "months": 40},
                {"stack": "alpha", "city": "aston", "months": 5},
            ],
            "constraints": [
                {"id": "fewer", "type": "supply_change", "stack": "alpha", "factor": 0.5, "start": "2027-10"}
            ],
        },
    ],
}


def asked(*sets: dict[str, Any], **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "horizon": {"start": "2027-01", "months": 18, "single_months": 6},
        "capital": {"per_quarter_usd": 8e6},
        "scenario_sets": list(sets),
    }
    return plain | more


@cache
def solved_late() -> tuple[Solved, Path]:
    """Return the set of these tests worked out to the end, and the folder in which its plans are kept: once a process."""
    folder = Path(tempfile.mkdtemp(prefix="recourse-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
        return solve(asked(LATE), effort=Effort(options=EXACT, enough=NEAR, run=HERE, keep=folder)), folder


@dataclass(frozen=True)
class Part:
    """A scenario's problem and its first column in the whole."""

    f: Formulation
    first: int
    probability: float


def side_by_side(parts: Sequence[tuple[Formulation, float]]) -> tuple[Model, list[Part]]:
    """Return the problems of scenarios as one without anything in common, worth weighed by probability."""
    models = [f.model for f, _ in parts]
    firsts = np.cumsum([0, *(m.columns for m in models)])
    whole = Model(
        cost=np.concatenate([m.cost * p for m, (_, p) in zip(models, parts, strict=True)]),
        constant=sum(m.constant * p for m, (_, p) in zip(models, parts, strict=True)),
        lower=np.concatenate([m.lower for m in models]),
        upper=np.concatenate([m.upper for m in models]),
        whole=np.concatenate([whole_columns(f) for f, _ in parts]),
        matrix=csr_matrix(block_diag([m.matrix for m in models], format="csr")),
        row_lower=np.concatenate([m.row_lower for m in models]),
        row_upper=np.concatenate([m.row_upper for m in models]),
        blocks=(),
    )
    return whole, [Part(f, int(at), p) for (f, p), at in zip(parts, firsts, strict=False)]


def extensive(
    formulations: Sequence[Formulation],
    probabilities: Sequence[float],
    one: ScenarioSet,
    settled: Sequence[tuple[str, str]],
) -> Model:
    """Return the extensive form, everything whole; areas and fleets of ``settled`` pairs are the same everywhere until known."""
    whole, parts = side_by_side(list(zip(formulations, probabilities, strict=True)))
    rows, cost = Builder(size=whole.columns), list[float]()
    common: dict[tuple[object, int], int] = {}
    values: list[list[tuple[int, float]]] = []
    for part in parts:
        f, before = part.f, periods_before(part.f.instance.grid, one.known_from)
        spending, drains = Spending.of(f, before), list[tuple[int, int, float]]()
        undone = list[tuple[int, float]]()
        for slot in slots_of(f):
            kind = slot.key[0]
            held = kind not in SPENT
            if held and slot.key[1:3] not in settled:
                continue
            for t in range(f.instance.periods if kind in LASTING else before):
                own = [(int(c) + part.first, 1.0) for c in slot.columns[:, t]]
                at = (slot.key, min(t, before - 1))
                if at not in common:
                    common[at] = int(rows.block((1,), 1e6, whole=True)[0])
                    cost.append(0.0)
                if t < before:
                    low = 0.0 if held else -np.inf
                    rows.row(RowLabel("common", PLAN, t), [*own, (common[at], -1.0)], low=low, high=0.0)
                if held:
                    continue
                spent = spending.of_slot(slot, t)
                column = int(rows.block((1,), 1e6)[0])
                cost.append(part.probability * spent.worth_usd)
                rows.row(RowLabel("undone", PLAN, t), [(column, 1.0), *own, (common[at], -1.0)], low=0.0)
                undone.append((column, spent.worth_usd))
                drains += [
                    (column, int(p), float(usd)) for p, usd in zip(spent.periods, spent.capital_usd, strict=True)
                ]
        for t in range(f.instance.periods):
            spent_by = [(int(c) + part.first, 1.0) for c in f.columns.capital[: t + 1]]
            drained = [(c, usd / MILLION) for c, p, usd in drains if p <= t]
            most = float(f.instance.world.budget_usd[t] / MILLION)
            rows.row(RowLabel("budget", PLAN, t), [*spent_by, *drained], high=most)
        own_cost = [(int(j) + part.first, float(c)) for j, c in enumerate(f.model.cost) if c]
        values.append([*own_cost, *undone])
    costs = np.array(cost)
    if one.objective == "cvar":
        whole, costs = _with_tail(rows, whole, costs, parts, values, one)
    return whole.extended(rows, costs)


def _with_tail(
    rows: Builder,
    whole: Model,
    costs: Array,
    parts: Sequence[Part],
    values: Sequence[list[tuple[int, float]]],
    one: ScenarioSet,
) -> tuple[Model, Array]:
    """Weigh the mean of the worst: the level of the tail less the mean of what lies below it, over the tail's share."""
    level = int(rows.block((1,), 1e5, lower=-1e5)[0])
    more = [one.weight * MILLION]
    for part, terms in zip(parts, values, strict=True):
        below = int(rows.block((1,))[0])
        more.append(-one.weight * MILLION * part.probability / one.tail)
        constant = part.f.model.constant / MILLION
        scaled = [(c, v / MILLION) for c, v in terms]
        rows.row(RowLabel("tail", PLAN, 0), [(below, 1.0), (level, -1.0), *scaled], low=-constant)
    share = 1.0 - one.weight
    return (
        replace(whole, cost=whole.cost * share, constant=whole.constant * share),
        np.concatenate([costs * share, np.array(more)]),
    )


def in_all(costs: IdleCosts) -> dict[Key, Array]:
    """Return what one of each slot costs by period before the month, in the last of them with what is lost later."""
    found = {key: usd.copy() for key, usd in costs.before.items()}
    for key, usd in costs.later.items():
        found[key][-1] += usd.sum()
    return found
