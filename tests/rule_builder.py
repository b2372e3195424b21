"""Rules on rows alone: a small instance, one rule's rows, and a solution put in by hand.

The made-up world of :mod:`tests.plan_builder`. ``DRIVEN`` is beta in Belport, alone: one mode (driver-out, from June 2027 on),
vehicles that the partner owns. ``BOUGHT`` is alpha in Aston, alone: an operator's mode at 0.8 of the fare from April, driver-out
from July, vehicles that the platform buys.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fleetplan.catalogue.types import Catalogue
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import gather
from fleetplan.optimize.instance import Array, Instance, Ints
from fleetplan.request import parse_request
from fleetplan.scope import resolve_scope
from fleetplan.service.types import CityService
from tests.plan_builder import make_catalogue, make_services

WORLD, SERVICES = make_catalogue(), make_services()
DRIVEN: dict[str, Any] = {"cities": ["belport"]}
BOUGHT: dict[str, Any] = {"cities": ["aston"], "stacks": ["alpha"]}
TOLERANCE = 1e-6
APRIL, JUNE, JULY = 3, 5, 6
"""Periods in which Aston's operator mode, Belport's and Aston's driver-out can first be permitted."""


def instance(
    asked: Mapping[str, Any] | None = None, world: Catalogue = WORLD, services: Mapping[str, CityService] = SERVICES
) -> Instance:
    """Return the numbers of a request over twelve single months of 2027 with capital enough for anything."""
    plain: dict[str, Any] = {
        "horizon": {"start": "2027-01", "months": 12, "single_months": 12},
        "capital": {"per_quarter_usd": 1e9},
    }
    return gather(resolve_scope(parse_request(plain | dict(asked or {})), world), services)


def asking(asked: Mapping[str, Any], **constraint: Any) -> dict[str, Any]:
    """Return a request with one constraint more, of id ``it``."""
    return {**asked, "constraints": [*asked.get("constraints", []), {"id": "it", **constraint}]}


def with_assumption(key: str, value: float, world: Catalogue = WORLD) -> Catalogue:
    """Return the world with another assumption."""
    return replace(world, assumptions={**world.assumptions, key: replace(world.assumptions[key], value=value)})


def with_permit(permit_id: str, world: Catalogue = WORLD, **fields: Any) -> Catalogue:
    """Return the world with a permit changed."""
    found = {}
    for slug, law in world.jurisdictions.items():
        permits = {k: replace(p, **fields) if k == permit_id else p for k, p in law.permits.items()}
        found[slug] = replace(law, permits=permits)
    return replace(world, jurisdictions=found)


def with_new_permit(like: str, world: Catalogue = WORLD, **fields: Any) -> Catalogue:
    """Return the world with one permit more, made from another."""
    found = {}
    for slug, law in world.jurisdictions.items():
        more = {fields["id"]: replace(law.permits[like], **fields)} if like in law.permits else {}
        found[slug] = replace(law, permits={**law.permits, **more})
    return replace(world, jurisdictions=found)


def finer_services(multiple: float = 1.0) -> dict[str, CityService]:
    """Return surfaces sampled at 42 fleets and 21 demands, whose law lies at a multiple of their own planes.

    The wait is ``10 - 0.02 V + 0.0005 D`` minutes, as in the world's own surfaces.
    """
    found = {}
    v, d = np.linspace(0.0, 200.0, 42), np.linspace(0.0, 5000.0, 21)
    law = np.minimum(np.minimum(20 * v[:, None], 0.95 * d[None, :]), 8 * v[:, None] + 0.5 * d[None, :])
    for city, service in SERVICES.items():
        levels = []
        for level in service.levels:
            finer = replace(
                level.surface,
                sample_vehicles=v,
                sample_demand=d,
                sample_trips=multiple * law,
                sample_wait_min=10 - 0.02 * v[:, None] + 0.0005 * d[None, :],
                sample_deadhead_share=np.full(law.shape, 0.4),
                sample_km=np.full(law.shape, 1000.0),
            )
            levels.append(replace(level, surface=finer))
        found[city] = replace(service, levels=tuple(levels))
    return found


class Trial:
    """A solution put in by hand and judged by the rows of some rules, or by the bounds of its columns.

    Parameters
    ----------
    rules
        Keys of the rules whose rows count; ids of constraints are theirs too.
    without
        Rules left out of the problem.
    """

    def __init__(self, i: Instance, *rules: str, without: Collection[str] = (), loose: bool = False) -> None:
        self.i = i
        self.f: Formulation = formulate(i, without=without, loose=loose)
        self.rows = self.f.model.rows_where(lambda b: bool({b.rule, b.place.constraint} & set(rules)))
        self.x: Array = np.zeros(self.f.model.columns)

    def put(self, columns: Ints, value: Any) -> Trial:
        """Set columns to a value."""
        self.x[columns] = value
        return self

    def opened(self, at: int = 0, *, q: int = 0, level: int = 1, begun: int = 0) -> Trial:
        """Begin a programme and open an area (1: the first) with all within it, from a period on."""
        own = self.f.columns.deployments[q]
        self.x[own.begun[begun:]] = 1.0
        self.x[own.open[:level, at:]] = 1.0
        return self

    def serving(self, vehicles: float, at: Any = slice(None), *, q: int = 0, mode: int = -1, level: int = 1) -> Trial:
        """Put vehicles in service in a mode (the last one) and in an area, in some periods."""
        own = self.f.columns.deployments[q]
        self.x[own.vehicles[mode, at]] = vehicles
        self.x[own.fleet[level - 1, at]] = self.x[own.vehicles[:, at]].sum(axis=0)
        return self

    @property
    def kept(self) -> bool:
        """Whether the rows of the rules allow the solution; there must be some."""
        assert len(self.rows), "the rules wrote no rows: nothing is judged"
        m = self.f.model
        activity = (m.matrix @ self.x)[self.rows]
        low, high = m.row_lower[self.rows], m.row_upper[self.rows]
        return bool((activity >= low - TOLERANCE).all() and (activity <= high + TOLERANCE).all())

    @property
    def within_bounds(self) -> bool:
        """Whether the bounds of the columns allow the solution."""
        m = self.f.model
        return bool((self.x >= m.lower - TOLERANCE).all() and (self.x <= m.upper + TOLERANCE).all())


def written(i: Instance, key: str, **how: Any) -> int:
    """Return how many rows a rule has in a problem."""
    return len(formulate(i, **how).model.rows_where(lambda b: b.rule == key))
