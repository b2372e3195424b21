"""A plan's doubt as tables: the bars of its tornado, its spread, a grid of two figures, what planning again would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from fleetplan.doubt.types import CellAgain, Doubt, Grid, Quantiles, Resolved, Tornado
from fleetplan.words.values import NO_PLAN

SHARES = ("p05", "p10", "p25", "p50", "p75", "p90", "p95")


def tornado_frame(tornado: Tornado) -> pd.DataFrame:
    """Return a row for each bar: the figure, its range, the plan's value and trips at both ends, rules it would break."""
    return pd.DataFrame(
        [
            {
                "rank": bar.rank,
                "figure": bar.key,
                "owner": bar.owner,
                "unit": bar.unit,
                "low": bar.low,
                "likely": bar.likely,
                "high": bar.high,
                "npv_likely_usd": tornado.npv_usd,
                "npv_low_usd": bar.at_low_usd,
                "npv_high_usd": bar.at_high_usd,
                "width_usd": bar.width(tornado.npv_usd),
                "trips_per_day_low": bar.trips_low,
                "trips_per_day_high": bar.trips_high,
                "breaks_low": ", ".join(sorted({b.rule for b in bar.breaks_low})),
                "breaks_high": ", ".join(sorted({b.rule for b in bar.breaks_high})),
                "confidence": bar.confidence,
                "source": bar.source,
            }
            for bar in tornado.bars
        ]
    )


def spread_frame(doubt: Doubt) -> pd.DataFrame:
    """Return a row for each amount: net present value of the plan and of each city, cash trough of the plan."""
    spread = doubt.spread
    amounts: dict[tuple[str, str], Quantiles] = {("npv_usd", ""): spread.npv, ("trough_usd", ""): spread.trough}
    amounts |= {("npv_usd", city): quantiles for city, quantiles in spread.cities.items()}
    return pd.DataFrame(
        [
            {"amount": amount, "city": city, "draws": spread.draws, "seed": spread.seed, "mean": q.mean}
            | {share: getattr(q, share) for share in SHARES}
            | {"below_zero_share": q.below_zero}
            for (amount, city), q in amounts.items()
        ]
    )


def grid_frame(grid: Grid, again: Sequence[CellAgain | None] = (), plans: Sequence[str] = ()) -> pd.DataFrame:
    """Return a row for each cell: the figures' values, the plan's and its cities' net present value, trips a day.

    Parameters
    ----------
    again
        What is best in every cell, where each was planned anew; None where that is not known.
    plans
        Where the plan of every cell is found.
    """
    rows = []
    for k, cell in enumerate(grid.cells):
        values = (cell.first, cell.second, cell.third)
        row: dict[str, Any] = dict(zip(grid.figures, values, strict=False))
        row |= {"npv_usd": cell.npv_usd} | {f"npv_usd_{city}": npv for city, npv in cell.city_npv_usd.items()}
        row |= {"trips_per_day": cell.trips}
        if again:
            row |= _again(again[k]) | {"plan": plans[k] if plans else ""}
        rows.append(row)
    return pd.DataFrame(rows)


def _again(found: CellAgain | None) -> dict[str, Any]:
    if found is None:
        empty = ("npv_best_usd", "bound_usd", "gap", "vehicles_end")
        return {"planned": "not yet"} | dict.fromkeys(empty) | dict.fromkeys(("opens", "enters", "leaves"), "")
    made = found.npv_usd is not None
    return {
        "planned": "yes" if made else NO_PLAN,
        "npv_best_usd": found.npv_usd,
        "bound_usd": found.bound_usd,
        "gap": round(found.gap, 6) if made else None,
        "vehicles_end": found.vehicles_end if made else None,
        "opens": ", ".join(f"{one.city} {one.launch} {'+'.join(one.stacks)}" for one in found.opened),
        "enters": ", ".join(found.enters),
        "leaves": ", ".join(found.leaves),
    }


def resolved_frame(found: Iterable[Resolved]) -> pd.DataFrame:
    """Return a row for each end that was planned again."""
    rows: list[Mapping[str, Any]] = [
        {
            "figure": r.key,
            "end": "high" if r.high else "low",
            "value": r.value,
            "npv_kept_usd": r.kept_usd,
            "npv_best_usd": r.npv_usd,
            "bound_usd": r.bound_usd,
            "enters": ", ".join(r.enters),
            "leaves": ", ".join(r.leaves),
            "partners_change": ", ".join(r.partners),
            "launches_move": ", ".join(f"{m.city} {m.before} to {m.after}" for m in r.moved),
            "vehicles_end": r.vehicles_end,
            "vehicles_end_before": r.vehicles_end_before,
        }
        for r in found
    ]
    return pd.DataFrame(rows)
