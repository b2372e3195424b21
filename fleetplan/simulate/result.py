"""What came of a run: figures in total and by bin, and every request by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fleetplan.simulate import layout
from fleetplan.simulate.layout import Array, Book, Ints, Records
from fleetplan.simulate.scenario import Scenario

H_PER_MS = 1.0 / 3.6e6
WITHOUT_RIDER = ("pickup", "repositioning", "to_depot")


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """One run.

    Attributes
    ----------
    state_h
        Vehicle-hours by bin and state, shape (bins, 10), states as in :data:`fleetplan.simulate.layout.STATES`.
    rider_counts
        Requests, served, declined, abandoned by bin of the request, shape (bins, 4).
    way_km
        Km by bin and what they were driven for, shape (bins, 4): to riders, with riders, to stand elsewhere, to depots.
    load_kw, plugs_in_use, plug_queue, plug_queue_most
        Mean charging power, plugs in use, mean and longest queue by bin and depot, shapes (bins, depots).
    wait_s
        From the request to the car at the door, nan where none came, shape (requests,).
    status
        What became of each request: 0 still waiting at the end, 1 served, 2 declined, 3 abandoned.
    car
        The car of each request, -1 for none.
    """

    seed: int
    horizon_s: int
    bin_s: int
    vehicles: int
    plugs: int
    state_h: Array
    rider_counts: Ints
    way_km: Array
    load_kw: Array
    plugs_in_use: Array
    plug_queue: Array
    plug_queue_most: Ints
    time_s: Array
    origin: Ints
    wait_s: Array
    pickup_km: Array
    status: Ints
    car: Ints
    least_energy_kwh: float

    @staticmethod
    def of(scenario: Scenario, book: Book, seed: int) -> SimulationResult:
        """Read a run's records."""
        found = book.arrays
        riders: Records = found["riders"]
        served = riders["status"] == layout.SERVED
        wait = np.where(served, (riders["pickup"] - riders["time"]) / layout.MS, np.nan)
        length_ms = _lengths_ms(scenario)[:, None]
        return SimulationResult(
            seed=seed,
            horizon_s=scenario.horizon_s,
            bin_s=scenario.bin_s,
            vehicles=len(scenario.fleet),
            plugs=int(scenario.fleet.depots.plugs.sum()),
            state_h=found["state_ms"] * H_PER_MS,
            rider_counts=found["rider_counts"],
            way_km=found["way_m"] / 1000.0,
            load_kw=found["load_ms"] / length_ms * scenario.fleet.depots.kw,
            plugs_in_use=found["plug_ms"] / length_ms,
            plug_queue=found["queue_ms"] / length_ms,
            plug_queue_most=found["queue_most"],
            time_s=scenario.requests.time_s,
            origin=riders["origin"].astype(np.int64),
            wait_s=wait,
            pickup_km=np.where(served, riders["pickup_m"] / 1000.0, np.nan),
            status=riders["status"].astype(np.int64),
            car=riders["car"].astype(np.int64),
            least_energy_kwh=float(book.desk[0]["least_energy"]),
        )

    @property
    def served_share(self) -> float:
        """Served requests over all; 1 where nobody asked."""
        asked = self.rider_counts[:, 0].sum()
        return float(self.rider_counts[:, layout.SERVED].sum() / asked) if asked else 1.0

    def state_hours(self, *names: str) -> float:
        """Return vehicle-hours in the named states."""
        return float(self.state_h[:, [layout.STATES.index(name) for name in names]].sum())

    def totals(self) -> dict[str, Any]:
        """Return the figures of the whole run, as they are written to JSON."""
        served_wait = self.wait_s[np.isfinite(self.wait_s)]
        counts = dict(zip(layout.RIDER_COUNTS, self.rider_counts.sum(axis=0).tolist(), strict=True))
        km = dict(zip(layout.WAYS, self.way_km.sum(axis=0).tolist(), strict=True))
        driven, days = sum(km.values()), self.horizon_s / 86_400
        hours = {f"{name}_h": float(total) for name, total in zip(layout.STATES, self.state_h.sum(axis=0), strict=True)}
        loaded, empty = self.state_hours("riding"), self.state_hours(*WITHOUT_RIDER)
        on_shift = self.vehicles * self.horizon_s / 3600.0 - hours["off_shift_h"]
        return {
            "seed": self.seed,
            "vehicles": self.vehicles,
            "horizon_s": self.horizon_s,
            **counts,
            "still_waiting": int((self.status == layout.OPEN).sum()),
            "served_share": self.served_share,
            **_waits(served_wait),
            "pickup_km_mean": _mean(self.pickup_km[np.isfinite(self.pickup_km)]),
            **{f"{name}_km": value for name, value in km.items()},
            "empty_share_km": _ratio(driven - km["loaded"], driven),
            "empty_share_time": _ratio(empty, empty + loaded + hours["boarding_h"]),
            "loaded_vehicle_h": loaded,
            "empty_vehicle_h": empty,
            **hours,
            "utilisation": _ratio(loaded + hours["boarding_h"], on_shift),
            "trips_per_vehicle_day": _ratio(counts["served"], self.vehicles * days),
            "km_per_vehicle_day": _ratio(driven, self.vehicles * days),
            "load_kw_mean": float(self.load_kw.sum(axis=1).mean()),
            "load_kw_most": float(self.load_kw.sum(axis=1).max(initial=0.0)),
            "charged_kwh": float((self.load_kw.sum(axis=1) * self._lengths_h()).sum()),
            "plugs": self.plugs,
            "plugs_in_use_most": float(self.plugs_in_use.sum(axis=1).max(initial=0.0)),
            "plug_queue_most": int(self.plug_queue_most.max(initial=0)),
            "least_energy_kwh": self.least_energy_kwh,
        }

    def by_bin(self, width_s: int | None = None) -> list[dict[str, float | None]]:
        """Return one row for each bin of a width (a multiple of the run's, by default itself), as written to CSV."""
        width = width_s or self.bin_s
        group = np.arange(len(self.state_h)) * self.bin_s // width
        rows: list[dict[str, float | None]] = []
        bin_of_request = np.minimum(self.time_s // width, group[-1]).astype(int)
        for row in range(int(group[-1]) + 1):
            inside = group == row
            seconds = float(self._lengths_h()[inside].sum()) * 3600.0
            waits = self.wait_s[bin_of_request == row]
            rows.append({"start_s": row * width, **self._bin(inside, seconds), **_waits(waits[np.isfinite(waits)])})
        return rows

    def _bin(self, inside: Any, seconds: float) -> dict[str, float | None]:
        counts = dict(zip(layout.RIDER_COUNTS, self.rider_counts[inside].sum(axis=0).tolist(), strict=True))
        hours = self.state_h[inside].sum(axis=0)
        states = {f"cars_{n}": float(h) * 3600.0 / seconds for n, h in zip(layout.STATES, hours, strict=True)}
        km = {f"{n}_km": float(v) for n, v in zip(layout.WAYS, self.way_km[inside].sum(axis=0), strict=True)}
        driven = sum(km.values())
        return {
            **counts,
            "served_share": _ratio(counts["served"], counts["requests"]),
            **states,
            **km,
            "empty_share_km": _ratio(driven - km["loaded_km"], driven),
            "load_kw": float(self.load_kw[inside].sum(axis=1).mean()),
            "plugs_in_use": float(self.plugs_in_use[inside].sum(axis=1).mean()),
            "plug_queue": float(self.plug_queue[inside].sum(axis=1).mean()),
            "plug_queue_most": int(self.plug_queue_most[inside].max(initial=0)),
        }

    def by_depot(self) -> list[dict[str, float]]:
        """Return one row for each bin and depot: load, plugs in use, queue."""
        return [
            {
                "start_s": row * self.bin_s,
                "depot": depot,
                "load_kw": float(self.load_kw[row, depot]),
                "plugs_in_use": float(self.plugs_in_use[row, depot]),
                "plug_queue": float(self.plug_queue[row, depot]),
                "plug_queue_most": int(self.plug_queue_most[row, depot]),
            }
            for row in range(len(self.load_kw))
            for depot in range(self.load_kw.shape[1])
        ]

    def _lengths_h(self) -> Array:
        starts = np.arange(len(self.state_h)) * self.bin_s
        return np.asarray((np.minimum(starts + self.bin_s, self.horizon_s) - starts) / 3600.0, float)


def _lengths_ms(scenario: Scenario) -> Array:
    starts = np.arange(scenario.bins) * scenario.bin_s
    return np.asarray((np.minimum(starts + scenario.bin_s, scenario.horizon_s) - starts) * layout.MS, float)


def _waits(waits: Array) -> dict[str, float | None]:
    if len(waits) == 0:
        return {"wait_s_mean": None, "wait_s_median": None, "wait_s_p90": None}
    median, p90 = np.quantile(waits, [0.5, 0.9])
    return {"wait_s_mean": float(waits.mean()), "wait_s_median": float(median), "wait_s_p90": float(p90)}


def _mean(values: Array) -> float | None:
    return float(values.mean()) if len(values) else None


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
