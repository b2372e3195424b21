"""The spread: a plan at fixed decisions over thousands of futures in which all its figures lie anywhere in their ranges.

Every figure is drawn from the triangular distribution over its range with its likely value as the mode: what is known of it is
no more than these three. A list moves as a whole. Figures of one kind move together (``TOGETHER``): each is the normal score of a
common factor and one of its own, so that any two correlate by the number given. The draws are a Latin hypercube over all
figures and factors, so that each range is covered evenly; the same seed draws the same futures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from fleetplan.catalogue.ranges import spec_of_figure
from fleetplan.doubt.books import Books, Revalued
from fleetplan.doubt.ranges import Ranged
from fleetplan.doubt.tornado import figures_of, moving
from fleetplan.doubt.types import Correlated, Driver, Quantiles, Spread
from fleetplan.errors import Fault, RequestError
from fleetplan.months import month_text

Array = NDArray[np.float64]

DRAWS, MOST_DRAWS = 5000, 20_000
BINS, MOST_DRIVERS = 40, 12
ENDS_KEPT = 0.005
"""Share of futures beyond either end of the histogram, counted in its outermost bins."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Figures that move together: what they are called, how their names end or begin, the correlation of any two."""

    what: str
    names: tuple[str, ...]
    correlation: float


TOGETHER = (
    Kind("fares of the cities", ("market.mean_fare_local",), 0.5),
    Kind("rates of exchange against the dollar", ("fx.",), 0.6),
    Kind("how cities take to the platform", ("market.platform_share", "market.trips_per_day"), 0.4),
    Kind("how far robotaxi trips displace drivers' trips", ("market.displaced_share_by_year",), 0.7),
    Kind("rivals", ("market.rival_share",), 0.5),
    Kind("insurance", ("cost.insurance_usd_per_km", "price.insurance_index"), 0.7),
    Kind("wages of agents and operators", ("cost.remote_agent", "cost.field_agent", "cost.operator_usd"), 0.6),
    Kind("electricity", ("cost.electricity", "public_charge_usd"), 0.6),
    Kind("prices of vehicles", ("vehicle.price_usd", "price.kit_index", "price.battery"), 0.4),
    Kind("what contracts with partners leave", ("contract.platform_fare_share", "contract.licence"), 0.3),
    Kind("streets", ("speed.", "service.pace"), 0.4),
)
"""Our judgement, each correlation between weak (0.3) and strong (0.7); what is not named is drawn by itself."""


def kind_of(key: str) -> int | None:
    """Return which kind of ``TOGETHER`` a figure is of.

    >>> kind_of("assumptions.toml#fx.EUR"), kind_of("assumptions.toml#terminal.years")
    (1, None)
    """
    name = key.partition("#")[2]
    return next((k for k, kind in enumerate(TOGETHER) if name.startswith(kind.names)), None)


def quantile_position(one: Ranged, u: Array) -> Array:
    """Return how far a figure lies from its likely value to its high (1) or its low (-1) at shares ``u`` of its distribution.

    The triangular distribution of the sum of its numbers; symmetric where these say nothing of the middle.
    """
    low, mode, high = (float(np.sum(numbers)) for numbers in (one.low, one.likely, one.high))
    middle = (mode - low) / (high - low) if high > low else 0.5
    below = -1.0 + np.sqrt(u / middle) if middle > 0 else np.zeros_like(u)
    above = 1.0 - np.sqrt((1.0 - u) / (1.0 - middle)) if middle < 1 else np.zeros_like(u)
    return np.asarray(np.where(u < middle, below, above))


def numbers_at(one: Ranged, position: Array) -> Array:
    """Return a figure at positions between its ends, shape (futures,), of a list (futures, numbers)."""
    low, likely, high = (np.array(numbers) for numbers in (one.low, one.likely, one.high))
    at = position[:, None]
    values = likely + np.maximum(at, 0.0) * (high - likely) - np.maximum(-at, 0.0) * (likely - low)
    values = np.rint(values) if spec_of_figure(one.figure).whole else values
    return np.asarray(values if one.figure.values else values[:, 0])


def positions(figures: Sequence[Ranged], draws: int, seed: int) -> dict[str, Array]:
    """Return by key where in its range each figure lies in each of ``draws`` futures; see :func:`quantile_position`."""
    from scipy.stats import qmc  # noqa: PLC0415  # slow to import, and a service starts without

    cube = qmc.LatinHypercube(d=len(figures) + len(TOGETHER), seed=seed).random(draws)
    scores = ndtri(np.clip(cube, 1e-9, 1.0 - 1e-9))
    found = {}
    for k, one in enumerate(figures):
        own, kind = scores[:, k], kind_of(one.key)
        if kind is not None:
            shared = TOGETHER[kind].correlation
            own = np.sqrt(shared) * scores[:, len(figures) + kind] + np.sqrt(1.0 - shared) * own
        found[one.key] = quantile_position(one, ndtr(own))
    return found


def spread(books: Books, draws: int = DRAWS, seed: int = 0) -> Spread:
    """Return how a plan's money spreads over joint draws of all its figures.

    Raises
    ------
    RequestError
        Where the number of draws or the seed is out of range.
    """
    _check(draws, seed)
    likely = books.likely
    figures = _that_matter(books)
    at = positions(figures, draws, seed)
    changed = {one.key: numbers_at(one, at[one.key]) for one in figures}
    found = books.revalued(changed, draws, at)
    low, high = np.quantile(found.npv_usd, [ENDS_KEPT, 1.0 - ENDS_KEPT])
    span = (float(low), float(high)) if high > low else (float(low) - 1.0, float(high) + 1.0)
    counts, edges = np.histogram(np.clip(found.npv_usd, *span), bins=BINS, range=span)
    back = found.payback_month
    return Spread(
        draws=draws,
        seed=seed,
        figures=len(figures),
        npv=quantiles(found.npv_usd),
        trough=quantiles(found.trough_usd),
        paid_back=round(float(np.mean(~np.isnan(back))), 4),
        **{f"payback_p{p}": _month(books, back, p) for p in (10, 50, 90)},
        cities={city: quantiles(found.city_npv_usd[city]) for city in likely.city_npv_usd},
        edges_usd=[round(float(edge), 2) for edge in edges],
        counts=[int(count) for count in counts],
        drivers=_drivers(at, found),
        correlated=_correlated(figures),
    )


def _check(draws: int, seed: int) -> None:
    faults = []
    if not 2 <= draws <= MOST_DRAWS:
        faults.append(Fault("/draws", f"is {draws}", f"2 to {MOST_DRAWS:,}", f"ask for {DRAWS:,}"))
    if seed < 0:
        faults.append(Fault("/seed", f"is {seed}", "a whole number from 0", "ask for seed 0"))
    if faults:
        raise RequestError(faults)


def _that_matter(books: Books) -> list[Ranged]:
    """Return the figures that move money or trips at one of their ends: what moves nothing need not be drawn."""
    return moving(books, figures_of(books).ranged)


def quantiles(amounts: Array) -> Quantiles:
    """Return an amount over many futures, shape (futures,)."""
    shares = (5, 10, 25, 50, 75, 90, 95)
    at = np.quantile(amounts, np.array(shares) / 100.0)
    told = {f"p{share:02d}": round(float(value), 2) for share, value in zip(shares, at, strict=True)}
    return Quantiles(mean=round(float(amounts.mean()), 2), below_zero=round(float(np.mean(amounts < 0)), 4), **told)


def _month(books: Books, back: Array, share: int) -> str:
    """Return the month by which money is back in a share of all futures; empty where it is not in so many."""
    value = float(np.quantile(np.where(np.isnan(back), np.inf, back), share / 100.0, method="higher"))
    return month_text(books.fixed.case.start + int(value)) if np.isfinite(value) else ""


def _drivers(at: dict[str, Array], found: Revalued) -> list[Driver]:
    """Return the figures whose rank goes most with the rank of the value."""
    from scipy.stats import rankdata  # noqa: PLC0415  # as above

    value = rankdata(found.npv_usd)
    keys = list(at)
    ranks = np.stack([rankdata(at[key]) for key in keys]) if keys else np.zeros((0, len(value)))
    centred, wanted = ranks - ranks.mean(axis=1, keepdims=True), value - value.mean()
    norms = np.linalg.norm(centred, axis=1) * np.linalg.norm(wanted)
    correlation = centred @ wanted / np.where(norms > 0, norms, 1.0)
    total = float((correlation**2).sum()) or 1.0
    order = np.argsort(-np.abs(correlation), kind="stable")[:MOST_DRIVERS]
    return [
        Driver(
            key=keys[k],
            correlation=round(float(correlation[k]), 4),
            share=round(float(correlation[k] ** 2 / total), 4),
        )
        for k in order
    ]


def _correlated(figures: Sequence[Ranged]) -> list[Correlated]:
    found = []
    for number, kind in enumerate(TOGETHER):
        keys = [one.key for one in figures if kind_of(one.key) == number]
        if len(keys) > 1:
            found.append(Correlated(what=kind.what, figures=keys, correlation=kind.correlation))
    return found
