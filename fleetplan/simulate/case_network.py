"""The network of an outside case: nodes and edges, a matrix of travel times, or nodes alone with a speed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.simulate.case_tables import SHOWN, Faults, check_ids, read_table, unknown
from fleetplan.simulate.layout import Array, Ints, Single
from fleetplan.simulate.ways import Streets, fastest_ways, streets

EARTH_M = 6_371_008.8
SNAP_M = 1000.0
MOST_PLACES = 15_000
"""Places in use at most: a matrix of more would not fit into the memory of a small machine."""


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes with their names and coordinates, and one of: edges, matrices, or a speed on straight lines.

    Attributes
    ----------
    number
        Nodes by name.
    lat, lon
        Shapes (n,), nan where a node has none.
    """

    number: dict[str, int]
    lat: Array
    lon: Array
    snap_m: float
    edges: Streets | None
    matrices: tuple[Single, Single] | None
    kmh: float
    circuity: float

    @property
    def placed(self) -> bool:
        """Whether every node has coordinates."""
        return bool(len(self.lat) and np.isfinite(self.lat).all() and np.isfinite(self.lon).all())

    def nearest(self, lat: Array, lon: Array) -> tuple[Ints, Array]:
        """Return the node nearest each place and how far it is, m; -1 and nan where a coordinate is none."""
        from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to load, and cases that name nodes need none

        good = np.isfinite(lat) & np.isfinite(lon)
        nodes, off = np.full(len(lat), -1), np.full(len(lat), np.nan)
        found, index = cKDTree(_on_sphere(self.lat, self.lon)).query(_on_sphere(lat[good], lon[good]))[:2]
        nodes[good], off[good] = index, found
        return nodes, off

    def ways(self, used: Ints) -> tuple[Single, Single]:
        """Return seconds and metres between the used nodes, shapes (u, u); inf where there is no way."""
        if self.edges is not None:
            return fastest_ways(self.edges, used)
        if self.matrices is not None:
            return self.matrices[0][np.ix_(used, used)], self.matrices[1][np.ix_(used, used)]
        from scipy.spatial.distance import cdist  # noqa: PLC0415 - slow to load

        points = _on_sphere(self.lat[used], self.lon[used])
        metres = cdist(points, points).astype(np.float32) * np.float32(self.circuity)
        return metres / np.float32(self.kmh / 3.6), metres

    def checked_ways(self, used: Ints, faults: Faults) -> tuple[Single, Single]:
        """Return the ways between the used nodes; places without one are a fault: cars must get from anywhere to anywhere."""
        if len(used) > MOST_PLACES:
            what = f"{len(used)} places are in use"
            faults.add(
                "nodes", what, f"at most {MOST_PLACES}", "join places close by, or simulate a part of the region"
            )
            return np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)
        seconds, metres = self.ways(used)
        if not np.isfinite(seconds).all():
            names = {index: name for name, index in self.number.items()}
            both = np.isfinite(seconds) & np.isfinite(seconds.T)
            cut_off = ~both[both.sum(axis=1).argmax()]
            lost = [names[int(node)] for node in used[cut_off]]
            more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
            named = f"{', '.join(lost[:SHOWN])}{more}"
            pairs = int((~np.isfinite(seconds)).sum())
            faults.add(
                "edges" if self.edges is not None else "matrix.npz",
                f"{pairs} pairs of places in use have no way; cut off from the rest, one way or both: {named}",
                "a way from every place in use to every other",
                "add the missing edges, or leave these places out",
            )
        return seconds, metres


def _on_sphere(lat: Array, lon: Array) -> Array:
    """Return points in metres; straight lines between them are ways over the ground, as near as matters in a city."""
    north, east = np.radians(lat), np.radians(lon)
    return EARTH_M * np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=-1)


def read_network(folder: Path, settings: dict[str, Any], faults: Faults) -> Network | None:
    """Return the network of a case, None where nothing can be made of its files."""
    matrices, given = _matrix(folder, faults), (folder / "matrix.npz").is_file()
    table = read_table(folder, "nodes", faults, needed=not given)
    names: NDArray[Any] = np.arange(len(matrices[0]) if matrices else 0).astype(str)
    lat = lon = np.full(len(names), np.nan)
    if table is not None:
        check_ids(table, faults)
        own = table.texts("id")
        names = np.arange(table.length).astype(str) if own is None else own
        lat = lon = np.full(table.length, np.nan)
        if table.has("lat", "lon"):
            lat, lon = (
                table.numbers("lat", faults, least=-90, most=90),
                table.numbers("lon", faults, least=-180, most=180),
            )
        if matrices is not None and len(matrices[0]) != table.length:
            what = f"{len(matrices[0])} rows, but nodes has {table.length}"
            faults.add(
                "matrix", what, "one row and column for each node, in their order", "write both from the same list"
            )
            return None
    elif matrices is None:
        return None
    number = {str(name): i for i, name in enumerate(names)}
    edges = None if given else _edges(folder, number, faults, needed="kmh" not in settings)
    snap, kmh, circuity = settings.get("snap_m", SNAP_M), settings.get("kmh", 0.0), settings.get("circuity", 1.3)
    if edges is None and matrices is None:
        if kmh <= 0:
            return None
        if not (np.isfinite(lat).all() and np.isfinite(lon).all()):
            faults.add(
                "nodes", "no coordinates to measure ways by", "lat and lon for each node", "add them, or give edges"
            )
            return None
    return Network(number, lat, lon, snap, edges, matrices, kmh, circuity)


def _matrix(folder: Path, faults: Faults) -> tuple[Single, Single] | None:
    """Return seconds and metres of matrix.npz, None where there is none."""
    path = folder / "matrix.npz"
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            held = {name: np.asarray(file[name], np.float32) for name in file.files}
    except (OSError, ValueError, EOFError) as error:
        faults.add(
            str(path), f"cannot be read: {error}", "a file of numpy.savez with seconds and metres", "write it anew"
        )
        return None
    for name in ("seconds", "metres"):
        if name not in held:
            faults.add(f"matrix.npz: {name}", "is missing", "seconds and metres, each (n, n)", "save both arrays")
            return None
        shape = held[name].shape
        if len(shape) != 2 or shape[0] != shape[1] or shape != held["seconds"].shape:
            faults.add(
                f"matrix.npz: {name}", f"has the shape {shape}", "(n, n), the same for both", "save square arrays"
            )
            return None
        wrong = int(((held[name] < 0) | np.isnan(held[name])).sum())
        if wrong:
            faults.add(
                f"matrix.npz: {name}", f"{wrong} entries are negative or no number", "0 or more, inf for no way", "mend"
            )
    return held["seconds"], held["metres"]


def _edges(folder: Path, number: dict[str, int], faults: Faults, *, needed: bool) -> Streets | None:
    table = read_table(folder, "edges", faults, needed=needed)
    if table is None:
        return None
    tails, heads = table.texts("from"), table.texts("to")
    if tails is None or heads is None:
        faults.add(table.name, "no columns from and to", "from and to, or from_node and to_node", "add them")
        return None
    tail, no_tail = unknown(tails, number)
    head, no_head = unknown(heads, number)
    faults.rows(table, no_tail | no_head, "an end is no node", "ids of nodes", "add the nodes, or leave the edges out")
    seconds = table.numbers("travel_time_s", faults, least=0.0)
    metres = table.numbers("distance_m", faults, least=0.0)
    good = (tail >= 0) & (head >= 0) & np.isfinite(seconds) & np.isfinite(metres)
    return streets(len(number), tail[good], head[good], seconds[good], metres[good])
