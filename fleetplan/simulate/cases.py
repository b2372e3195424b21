"""Outside cases: a folder of plain tables becomes a scenario, or every fault of it is told at once."""

from __future__ import annotations

import json
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.errors import Fault, InputError
from fleetplan.simulate.case_network import Network, read_network
from fleetplan.simulate.case_tables import Faults, Table, check_ids, read_table, seconds_of, unknown
from fleetplan.simulate.layout import Array, Ints, Shorts
from fleetplan.simulate.scenario import Care, Depots, Energy, Fleet, Policy, Requests, Riders, Scenario
from fleetplan.simulate.travel import Travel

SETTINGS = {"riders": Riders, "policy": Policy, "energy": Energy, "care": Care}
PLAIN = {"horizon_s": int, "bin_s": int, "snap_m": float, "kmh": float, "circuity": float}
MOST_BINS = 100_000
TAIL_S = 3600
DISPATCH = ("nearest", "batched")


@dataclass(frozen=True, eq=False)
class Case:
    """An outside case: its scenario, and how its requests and depots are named there."""

    name: str
    scenario: Scenario
    request_ids: NDArray[Any]
    depot_ids: NDArray[Any]


def read_case(folder: Path) -> Case:
    """Return the case that a folder holds; docs/simulation.md says what stands in it.

    Raises
    ------
    InputError
        With every fault found in any of its files.
    """
    faults = Faults()
    if not folder.is_dir():
        raise InputError([Fault(str(folder), "no such folder", "a folder with requests, vehicles and a network")])
    settings = _settings(folder, faults)
    network = read_network(folder, settings, faults)
    tables = {
        name: read_table(folder, name, faults, needed=name != "depots") for name in ("requests", "vehicles", "depots")
    }
    for table in tables.values():
        if table is not None:
            check_ids(table, faults)
    asked, started, stands = tables["requests"], tables["vehicles"], tables["depots"]
    times = _times(asked, settings, faults) if asked else np.zeros(0)
    if started is not None and started.length == 0:
        faults.add(started.name, "no vehicles", "one row for each vehicle", "add the fleet")
    if network is None or asked is None or started is None:
        raise InputError(faults.found)
    places = {
        "origin": _places(asked, network, "origin", faults),
        "destination": _places(asked, network, "destination", faults),
        "start": _places(started, network, "", faults),
        "depot": _places(stands, network, "", faults) if stands else np.zeros(0, np.int64),
    }
    depots = _depots(stands, faults)
    used = np.unique(np.concatenate(list(places.values())))
    used = used[
        used >= 0
    ]  # places that are none are faults already; ways between the others are looked at all the same
    ways = network.checked_ways(used, faults)
    if faults.found:
        raise InputError(faults.found)
    place = {name: np.searchsorted(used, nodes).astype(np.int32) for name, nodes in places.items()}
    stalls = Depots(place["depot"], *depots)
    asked_there = Requests(times, place["origin"], place["destination"])
    scenario = _scenario(settings, Travel.of(*ways), asked_there, place["start"], stalls)
    return Case(folder.resolve().name, scenario, _ids(asked), _ids(stands) if stands else np.zeros(0, object))


def _scenario(settings: dict[str, Any], travel: Travel, requests: Requests, start: Shorts, depots: Depots) -> Scenario:
    last_s = requests.time_s.max(initial=0.0)
    energy = settings.get("energy", Energy() if len(depots) else None)
    return Scenario(
        travel,
        requests,
        Fleet(start, energy=energy, depots=depots, care=settings.get("care", Care())),
        riders=settings.get("riders", Riders()),
        policy=settings.get("policy", Policy()),
        horizon_s=settings.get("horizon_s") or int(-(-(last_s + TAIL_S) // 3600) * 3600),
        bin_s=settings.get("bin_s", 900),
    )


def _ids(table: Table) -> NDArray[Any]:
    own = table.texts("id")
    return np.arange(table.length).astype(str).astype(object) if own is None else own


def _times(table: Table, settings: dict[str, Any], faults: Faults) -> Array:
    times = seconds_of(table, faults)
    back = np.concatenate([[False], np.diff(times) < 0])
    faults.rows(
        table, back, "the time is earlier than in the row above", "rows in order of time", "sort the table by time"
    )
    if horizon := settings.get("horizon_s"):
        late = times >= horizon
        faults.rows(table, late, f"the request comes after the end at {horizon} s", "", "raise horizon_s in case.json")
    return times


def _places(table: Table, network: Network, end: str, faults: Faults) -> Ints:
    """Return the nodes of a table's places: named, or the nearest to coordinates."""
    named = table.texts(end or "node")
    lat, lon = (f"{end}_lat", f"{end}_lon") if end else ("lat", "lon")
    if named is not None:
        nodes, wrong = unknown(named, network.number)
        faults.rows(
            table, wrong, f"{end or 'node'} is not in the network", "a node of nodes or matrix", "mend or leave out"
        )
        return nodes
    if not table.has(lat, lon):
        faults.add(
            table.name, f"neither {end or 'node'} nor {lat} and {lon}", "a node or coordinates", "add the columns"
        )
        return np.full(table.length, -1)
    if not network.placed:
        faults.add(
            table.name,
            "coordinates, but the nodes have none",
            "nodes with lat and lon",
            "add them to nodes, or name nodes",
        )
        return np.full(table.length, -1)
    north = table.numbers(lat, faults, least=-90.0, most=90.0)
    east = table.numbers(lon, faults, least=-180.0, most=180.0)
    nodes, off_m = network.nearest(north, east)
    far = np.isfinite(off_m) & (off_m > network.snap_m)
    what = f"{end or 'the place'} lies outside the network: more than {network.snap_m:g} m from any node"
    faults.rows(
        table,
        far,
        what,
        f"places within {network.snap_m:g} m of a node",
        "leave them out, or raise snap_m in case.json",
    )
    return nodes


def _depots(table: Table | None, faults: Faults) -> tuple[Shorts, Array]:
    if table is None:
        return np.zeros(0, np.int32), np.zeros(0)
    plugs = table.numbers("plugs", faults, least=1.0, most=1e6)
    kw = table.numbers("kw", faults, least=0.1, most=1e4)
    return np.nan_to_num(plugs).astype(np.int32), kw


def _settings(folder: Path, faults: Faults) -> dict[str, Any]:
    """Return what case.json says; every field that is not known or has no such value is a fault."""
    path = folder / "case.json"
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        faults.add(str(path), f"cannot be read: {error}", "one object in JSON", "write it anew")
        return {}
    if not isinstance(data, dict):
        faults.add(str(path), "is no object", "one object in JSON", "write it anew")
        return {}
    found: dict[str, Any] = {}
    for key, value in data.items():
        if key in SETTINGS:
            found[key] = _section(SETTINGS[key], key, value, faults)
        elif key in PLAIN:
            if _fits(f"case.json: /{key}", value, PLAIN[key], faults):
                found[key] = PLAIN[key](value)
        else:
            faults.add(f"case.json: /{key}", "no such field", ", ".join([*SETTINGS, *PLAIN]), "take it out")
    if found.get("horizon_s", 0) / found.get("bin_s", 900) > MOST_BINS:
        faults.add("case.json: /bin_s", f"more than {MOST_BINS} bins", "", "lengthen the bins or shorten the horizon")
    return found


def _section(kind: Any, key: str, value: Any, faults: Faults) -> Any:
    if not isinstance(value, dict):
        faults.add(f"case.json: /{key}", "is no object", "an object", "write its fields by name")
        return kind()
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}
    given = {}
    for name, item in value.items():
        where = f"case.json: /{key}/{name}"
        if name not in known:
            faults.add(where, "no such field", ", ".join(known), "take it out")
            continue
        default: Any = known[name].default
        if _fits(where, item, type(default), faults):
            given[name] = type(default)(item)
    return kind(**given)


def _fits(where: str, value: Any, kind: type, faults: Faults) -> bool:
    """Return whether a value is of a setting's kind; numbers are never negative, and no divisor or count is 0."""
    if kind is str:
        fits, allowed = value in DISPATCH, " or ".join(DISPATCH)
    elif kind is bool:
        fits, allowed = isinstance(value, bool), "true or false"
    else:
        number = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
        positive = where.endswith(
            ("horizon_s", "bin_s", "batch_s", "candidates", "ahead_s", "usual_wait_min", "kmh", "circuity")
        )
        whole = kind is int and number and value != int(value)
        fits = bool(number and not whole and (value > 0 if positive else value >= 0))
        allowed = f"a {'whole ' if kind is int else ''}number {'above 0' if positive else 'of at least 0'}"
    if not fits:
        faults.add(where, f"is {value!r}", allowed, "mend the value")
    return fits
