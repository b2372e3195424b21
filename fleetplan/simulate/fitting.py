"""The law's free constants of a city, fitted to the simulation: never set by hand.

Least squares over levels, fleets and day types, each figure in the unit in which the law is asked to be right: two points of
riders served (four below nine tenths), 15 % of wait and pickup, three points of empty km.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.optimize import least_squares

from fleetplan.simulate.layout import Array, Ints
from fleetplan.simulate.trials import Constants, Outcome, Trial

HIGH_FROM, POINTS_HIGH, POINTS_LOW = 0.90, 0.02, 0.04
MINUTES_SHARE, EMPTY_POINTS = 0.15, 0.03
LEAST_SERVED = 0.65
"""The law is asked to be right down to this share of riders served in the simulation; rows below count for nothing."""


BOUNDS = (Constants(0.2, 0.0, 0.1, 0.0, 0.4), Constants(5.0, 5.0, 5.0, 3.0, 1.5))
START = Constants(1.0, 2.0, 1.5, 0.7, 0.8)


@dataclass(frozen=True, eq=False)
class Observed:
    """A level's trial with the fleets simulated and what came of them, by day type."""

    trial: Trial
    vehicles: Ints
    outcome: dict[str, Outcome]


@dataclass(frozen=True, eq=False)
class Fitted:
    """The constants of a city with the least and largest that leaving out one level gives."""

    best: Constants
    low: Constants
    high: Constants


def fit(observed: Sequence[Observed]) -> Fitted:
    """Return the constants under which the law comes nearest to what was simulated."""
    best = _least_squares(observed, START)
    others = [best]
    if len(observed) > 1:
        others += [_least_squares([o for o in observed if o is not left], best) for left in observed]
    table = np.array([[getattr(c, f.name) for f in fields(c)] for c in others])
    return Fitted(best, Constants.of(table.min(axis=0).tolist()), Constants.of(table.max(axis=0).tolist()))


def _least_squares(observed: Sequence[Observed], start: Constants) -> Constants:
    low, high, first = ([getattr(c, f.name) for f in fields(c)] for c in (*BOUNDS, start))

    def off(values: Array) -> Array:
        constants = Constants.of(values.tolist())
        return np.concatenate([part for o in observed for part in deviations(o, constants)])

    found = least_squares(
        off,
        first,
        bounds=(low, high),
        diff_step=[1e-3] * len(first),
        xtol=1e-4,
        ftol=1e-5,
        x_scale=(0.3, 0.3, 0.5, 0.5, 0.2),
    )
    return Constants.of(found.x.tolist())


def deviations(observed: Observed, constants: Constants) -> Iterator[Array]:
    """Yield by how much the law is off, in the units asked for, of each figure and day type; 0 where too few are served."""
    law = observed.trial.law(observed.vehicles, constants.within(observed.trial.place.parameters))
    for day_type, simulated in observed.outcome.items():
        said, counts = law[day_type], simulated.served >= LEAST_SERVED
        points = np.where(simulated.served >= HIGH_FROM, POINTS_HIGH, POINTS_LOW)
        yield counts * (said.served - simulated.served) / points
        yield counts * np.log(said.wait_min / simulated.wait_min) / MINUTES_SHARE
        yield counts * np.log(said.pickup_min / simulated.pickup_min) / MINUTES_SHARE
        yield counts * (said.empty_share - simulated.empty_share) / EMPTY_POINTS


UNITS = {
    "search_factor": "ways to riders over those of the square-root law",
    "rebalance_factor": "empty km between stands over the least that imbalance forces",
    "reserve": "spread of cars free less riders waiting, over (riders an hour x way to an only car)^(2/3)",
    "least_way_min": "min of way to a rider that are left however many cars stand",
    "turn_shape": "Weibull shape of waits for a car to become free: 1 exponential, less: longer tails",
}


def figures_text(fitted: Fitted, provenance: str) -> str:
    """Return the constants as figures of a city's file."""
    tables = []
    for name, unit in UNITS.items():
        value, low, high = (getattr(c, name) for c in (fitted.best, fitted.low, fitted.high))
        lines = (f"[law.{name}]", f"value = {value:.3f}", f'unit = "{unit}"', f"low = {low:.3f}", f"high = {high:.3f}")
        tables.append("\n".join((*lines, f'source = "{provenance}"', 'confidence = "medium"')) + "\n")
    return "\n".join(tables)


def with_figures(city_text: str, figures: str) -> str:
    """Return a city's file with these constants in place of those it had, before its first list of tables."""
    bare = re.sub(r"^\[law\.[a-z_]+\]\n(?:(?!\[).*\n?)*", "", city_text, flags=re.MULTILINE)
    at = bare.find("[[")
    at = len(bare) if at < 0 else at
    return bare[:at].rstrip("\n") + "\n\n" + figures + "\n" + bare[at:]
