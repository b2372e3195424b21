"""How fast a table of trips becomes a city's demand, and in how much memory: rows a second from CSV and Parquet.

Rows are made in Chicago's columns between random zones of a city of the catalogue; both files are read twice, as always.

    python benchmarks/observed_trips.py [--rows 1000000] [--city zurich] [--centroids]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from fleetplan.catalogue import load_catalogue
from fleetplan.geography import build_geography
from fleetplan.trips.build import Asked, build

SEED = 1


def made(city: str, rows: int, spread: float) -> pd.DataFrame:
    """Return rows at random times of four weeks, with coordinates about random zones, so many degrees apart."""
    geography, rng = build_geography(load_catalogue().cities[city]), np.random.default_rng(SEED)
    ends = rng.integers(0, len(geography), (2, rows))
    lat, lon = (axis[ends] + rng.normal(0.0, spread, ends.shape) for axis in (geography.lat, geography.lon))
    start = pd.Timestamp("2024-06-03") + pd.to_timedelta(rng.integers(0, 28 * 86_400, rows), unit="s")
    written = "%m/%d/%Y %I:%M:%S %p"
    return pd.DataFrame(
        {
            "Trip Start Timestamp": start.strftime(written),
            "Trip End Timestamp": (start + pd.Timedelta(minutes=15)).strftime(written),
            "Pickup Centroid Latitude": lat[0].round(6),
            "Pickup Centroid Longitude": lon[0].round(6),
            "Dropoff Centroid Latitude": lat[1].round(6),
            "Dropoff Centroid Longitude": lon[1].round(6),
        }
    )


def main() -> None:
    """Print rows a second of both forms, and the most memory used."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--city", default="zurich")
    parser.add_argument(
        "--centroids", action="store_true", help="ends lie at the middle of zones, as public records have them"
    )
    given = parser.parse_args()
    catalogue = load_catalogue()
    with tempfile.TemporaryDirectory() as folder:
        csv, parquet = Path(folder) / "trips.csv", Path(folder) / "trips.parquet"
        frame = made(given.city, given.rows, 0.0 if given.centroids else 0.002)
        frame.to_csv(csv, index=False)
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar = false")
            connection.register("frame", frame)
            connection.execute("COPY frame TO $path (FORMAT parquet)", {"path": str(parquet)})
        for path in (csv, parquet):
            began = time.perf_counter()
            found = build(catalogue, catalogue.cities[given.city], Asked((path,), "made for this benchmark"))
            seconds = time.perf_counter() - began
            told = found.coverage
            assert told.rows == given.rows
            size = len(found.observed.table) / 1e6
            print(
                f"{path.suffix}: {seconds:.1f} s, {given.rows / seconds:,.0f} rows/s, {told.inside:,} inside, {size:.1f} MB kept"
            )
    print(
        f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB, the making of the rows included"
    )


if __name__ == "__main__":
    main()
