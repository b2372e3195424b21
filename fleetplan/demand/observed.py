"""Trips between zones as they were counted, in place of a model: the city's observed trips on its zones.

Places of a table are zones of ours, or wider: then each place's trips are spread over its zones by ``observed_places`` before
they are added up. What of the trips lies in zones that cannot be reached is not served and counts as no trips.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fleetplan.catalogue.observed import ObservedTrips
from fleetplan.catalogue.types import City
from fleetplan.demand.shares import airport_shares, hour_shares, period_weights
from fleetplan.demand.types import PERIODS, CityDemand, Period
from fleetplan.geography.types import CityGeography

Array = NDArray[np.float64]
Single = NDArray[np.float32]


def observed_demand(city: City, observed: ObservedTrips, geography: CityGeography) -> CityDemand:
    """Return a city's demand with the pattern of its observed trips.

    A period in which the table has no trip between zones that can be reached has the pattern of all periods together.
    """
    spread, counts = _read(observed, geography)
    kept = {period: np.asarray((spread.T @ table @ spread).todense(), np.float32) for period, table in counts.items()}
    counted = sum(float(table.sum()) for table in counts.values())
    together: Single = np.asarray(np.sum(list(kept.values()), axis=0, dtype=np.float32))
    inside = float(together.sum(dtype=np.float64))
    pattern = {period: _shares(kept[period] if kept[period].any() else together) for period in PERIODS}
    cells = list(airport_shares(city, geography)[0])
    hours, unserved = hour_shares(city), airport_shares(city, geography)[1]
    weights = period_weights(hours)
    day = np.sum([np.float32(weights[p]) * pattern[p] for p in PERIODS], axis=0)
    trips = city.value("market.trips_per_day") * city.value("market.platform_share") * (1.0 - unserved)
    trips *= inside / counted
    return CityDemand(
        city=city.slug,
        trips_per_day=trips,
        pattern=pattern,
        hourly=trips * hours,
        airport_cells=tuple(cells),
        airport_shares=tuple(_with_end_in(day, cell) for cell in cells),
        beta_per_km=float("nan"),
        mean_trip_km=mean_length(day, geography.distance_km, cells),
        unserved_airport_share=unserved,
        notes=(f"trips between zones: {observed.source}, {observed.first_day} to {observed.last_day}",),
    )


def _shares(trips: Single) -> Single:
    return np.asarray(trips / np.float32(trips.sum(dtype=np.float64)), np.float32)


def _with_end_in(day: Single, cell: int) -> float:
    return float(day[cell].sum(dtype=np.float64) + day[:, cell].sum(dtype=np.float64) - day[cell, cell])


def mean_length(trips: Single, distance_km: Single, airports: list[int]) -> float:
    """Return the mean network length of trips without an end at an airport, km; 0 where there are none."""
    own = np.ones(len(trips), np.float32)
    own[airports] = 0.0
    km = float(np.einsum("i,ij,ij,j->", own, trips, distance_km, own, dtype=np.float64))
    count = float(np.einsum("i,ij,j->", own, trips, own, dtype=np.float64))
    return km / count if count else 0.0


def _read(observed: ObservedTrips, geography: CityGeography) -> tuple[csr_matrix, Mapping[Period, csr_matrix]]:
    """Return the share of each place in each zone, and trips by period between places."""
    places, trips = (pd.read_csv(io.BytesIO(gzip.decompress(c))) for c in (observed.places, observed.table))
    number = {cell: i for i, cell in enumerate(geography.cells)}
    names = pd.Index(places["place"].astype(str).unique())
    zone = places["h3"].map(number)
    known = zone.notna().to_numpy()
    rows = names.get_indexer(places["place"].astype(str))[known]
    columns = zone[known].to_numpy(np.int64)
    spread = csr_matrix((places["share"].to_numpy(float)[known], (rows, columns)), (len(names), len(geography)))
    counts: dict[Period, csr_matrix] = {}
    for period in PERIODS:
        own = trips[trips["period"] == period]
        at = [names.get_indexer(own[end].astype(str)) for end in ("origin", "destination")]
        counts[period] = csr_matrix((own["trips"].to_numpy(float), tuple(at)), (len(names), len(names)))
    return spread, counts
