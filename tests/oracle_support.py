"""What tests against the oracle share: random small requests, and the small world's services sampled finely enough for waits.

Requests are numbered: first every type of constraint alone, then every pair of types, then pairs again with other numbers, for
ever. Everything else about a request (money, durations, horizon, objective, prices) is drawn by its number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from fleetplan.errors import RequestError
from fleetplan.request import PlanRequest
from fleetplan.scope import judge_request
from fleetplan.service.types import CityService, LadderLevel, ResponseSurface
from tests.plan_builder import make_services
from tests.test_optimize import WORLD


def _finer(surface: ResponseSurface) -> ResponseSurface:
    """Return the same law on a finer grid: trips at their planes, waits as they are between the corners."""
    v, d = np.linspace(0.0, 200.0, 9), np.linspace(0.0, 5000.0, 11)
    grid_v, grid_d = np.meshgrid(v, d, indexing="ij")
    trips = np.min([a * grid_v + b * grid_d + c for a, b, c in surface.planes], axis=0)
    return replace(
        surface,
        sample_vehicles=v,
        sample_demand=d,
        sample_trips=np.where(grid_v > 0, np.clip(trips, 0.0, grid_d), 0.0),
        sample_wait_min=surface.evaluate(grid_v, grid_d).wait_min,
        sample_deadhead_share=np.full(grid_v.shape, 0.4),
        sample_km=np.full(grid_v.shape, 1000.0),
    )


def finer_services() -> dict[str, CityService]:
    """Return the small world's services on a finer grid."""

    def level(one: LadderLevel) -> LadderLevel:
        return replace(one, surface=_finer(one.surface))

    return {slug: replace(s, levels=tuple(map(level, s.levels))) for slug, s in make_services().items()}


# --- random requests ---

MONTHS = [f"{2027 + k // 12}-{k % 12 + 1:02d}" for k in range(18)]
CITIES, STACKS = ("aston", "belport"), {"aston": ("alpha", "beta"), "belport": ("beta",)}
Fields = dict[str, Any]
TRIES = 200


class Dice:
    """Random choices of a request."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one(self, *choices: Any) -> Any:
        """Return one of some choices."""
        return choices[int(self.rng.integers(len(choices)))]

    def between(self, low: float, high: float) -> float:
        """Return a number, rounded to three digits."""
        return round(float(self.rng.uniform(low, high)), 3)

    def month(self, first: int = 0, last: int = 17) -> str:
        """Return a month by its number."""
        return MONTHS[int(self.rng.integers(first, last + 1))]

    def some(self, **fields: Any) -> Fields:
        """Return each field or leave it out."""
        return {name: value for name, value in fields.items() if self.rng.integers(2)}

    def city(self) -> str:
        """Return a city."""
        return str(self.one(*CITIES))

    def pair(self) -> Fields:
        """Return a city and a stack that may go there."""
        city = self.city()
        return {"city": city, "stack": self.one(*STACKS[city])}


CONSTRAINTS: dict[str, Callable[[Dice], Fields]] = {
    "markets_live": lambda d: {
        "count": d.one(1, 2),
        "by": d.month(11),
        "counts": d.one("paid", "public"),
        "include_existing": bool(d.one(0, 1)),
    },
    "launch_not_before": lambda d: {"city": d.city(), "month": d.month(4, 14)},
    "launch_by": lambda d: {"city": d.city(), "month": d.month(8)},
    "launch_fixed": lambda d: d.pair() | {"month": d.month(6)},
    "force_deployment": lambda d: d.pair(),
    "forbid_deployment": lambda d: d.pair(),
    "fleet_cap": lambda d: {"vehicles": d.one(0, 25, 40, 60, 80)} | d.some(**d.pair()) | d.some(start=d.month(6, 14)),
    "fleet_floor": lambda d: {"vehicles": d.one(10, 20, 30), "start": d.month(10)} | d.some(city=d.city()),
    "partner_share": lambda d: {"partner": d.one("Alpha", "Beta"), "max_share": d.between(0.2, 0.9)},
    "launches_per_quarter": lambda d: {"max": d.one(0, 1, 2)},
    "stacks_per_city": lambda d: {"max": d.one(0, 1, 2)} | d.some(city=d.city()),
    "permit_delay": lambda d: {"months": d.one(-2, 2, 4), "city": d.city()},
    "event_date": lambda d: {"event": "a-law", "month": d.month(2, 14)},
    "partner_participation": lambda d: d.some(stack=d.one("alpha", "beta")) | d.some(city=d.city()),
    "supply_change": lambda d: (
        {"stack": d.one("alpha", "beta"), "factor": d.between(0.2, 1.8)} | d.some(start=d.month(5, 11))
    ),
    "area_cap": lambda d: {"city": d.city(), "km2": d.one(0.0, 60.0, 100.0)} | d.some(end=d.month(8, 15)),
    "area_floor": lambda d: {"city": d.city(), "km2": d.one(0.0, 60.0), "start": d.month(12, 17)},
    "trips_cap": lambda d: {"trips_per_day": d.one(0, 150, 400)} | d.some(city=d.city(), start=d.month(6, 12)),
    "permit_quota": lambda d: {"permit": d.one("a-op", "a-out", "b-out"), "vehicles": d.one(0, 12, 40)},
    "tariff": lambda d: {"stack": "alpha", "duty": d.between(0.0, 1.0), "start": d.month(2, 12)},
    "rival_launch": lambda d: (
        {"city": d.city(), "start": d.month(3, 14), "share": d.between(0.0, 0.6)} | d.some(months=d.one(0, 6))
    ),
    "service_hours": lambda d: (
        {"city": d.city(), "from_hour": d.one(0, 6, 22), "to_hour": d.one(5, 18, 24)} | d.some(start=d.month(6, 12))
    ),
    "suspension": lambda d: (
        {"start": d.month(3, 14), "vehicles_left": d.one(0, 0, 6, 30)}
        | d.one({"stack": d.one("alpha", "beta")}, {"city": d.city()}, {"jurisdiction": d.one("astonia", "belland")})
        | d.some(end=d.month(9, 17))
    ),
    "service_level": lambda d: {"max_wait_min": d.between(8.8, 11.0)} | d.some(city=d.city()),
    "minimum_trips": lambda d: {"trips_per_day": d.one(50, 150, 400), "start": d.month(11)} | d.some(city=d.city()),
    "result_floor": lambda d: (
        {"least_usd": -d.between(5e4, 3e6), "per": d.one("quarter", "year")} | d.some(start=d.month(6, 11))
    ),
}
TYPES = tuple(CONSTRAINTS)
PAIRS = tuple(
    pair for pair in combinations_with_replacement(TYPES, 2) if set(pair) != {"event_date"}
)  # an event has one date
KINDS: tuple[tuple[str, ...], ...] = (*((kind,) for kind in TYPES), *PAIRS)


@dataclass(frozen=True)
class Case:
    """A numbered request, and what a rerun of its plan would change and keep (None: there is no rerun)."""

    request: PlanRequest
    change: Fields
    keep: Fields

    @property
    def waits(self) -> bool:
        """Whether a rule is only relaxed by its rows."""
        return any(c.type == "service_level" for c in self.request.constraints)


def case(number: int) -> Case:
    """Return a request by its number; one that is refused (a cap on what is forbidden, say) is drawn anew."""
    for turn in range(TRIES):
        dice = Dice(number * TRIES + turn)
        try:
            request = judge_request(_plain(number, dice), WORLD).request
        except RequestError:
            continue
        change = dice.one(
            {"capital": {"per_quarter_usd": dice.between(3e6, 1.2e7)}},
            {"overrides": {"belport/city.toml#market.mean_fare_local": {"factor": dice.between(0.8, 1.3)}}},
            {"constraints": {"late": {"type": "permit_delay", "city": "belport", "months": dice.one(1, 3)}}},
        )
        keep = dice.one(
            {},
            {"freeze_until": dice.month(4, 10)},
            {"change_price_usd": dice.between(1e3, 2e5)},
            {"freeze_until": dice.month(4, 8), "change_price_usd": dice.between(1e3, 1e5)},
        )
        return Case(request, change, keep)
    msg = f"every request with the number {number} is refused"
    raise AssertionError(msg)


def _plain(number: int, dice: Dice) -> Fields:
    kinds = KINDS[number % len(KINDS)]
    fare = {"factor": dice.between(0.8, 1.4)}
    return {
        "name": f"number {number}",
        "horizon": {"start": "2027-01", "months": 18, "single_months": dice.one(0, 3, 6)},
        "objective": dice.one("npv", "npv", "npv", "markets_then_npv"),
        "capital": {"per_quarter_usd": dice.between(2e6, 1.5e7)} | dice.some(cash_floor_usd=dice.between(2e7, 9e7)),
        "permit_durations": dice.one("min", "promised", "median", "careful", "max"),
        "overrides": [
            *({"figure": f"{city}/city.toml#market.mean_fare_local"} | fare for city in CITIES),
            *(
                {"figure": f"assumptions.toml#slip.{kind}_{figure}", "value": dice.one(*months)}
                for kind in ("nowhere", "pilot", "law")
                for figure, months in (("median", (0, 1, 2)), ("p90", (2, 3, 5)))
            ),
        ],
        "constraints": [{"id": f"{kind} {k}", "type": kind, **CONSTRAINTS[kind](dice)} for k, kind in enumerate(kinds)],
    }
