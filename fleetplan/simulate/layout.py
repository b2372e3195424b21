"""What compiled code reads and writes: records of cars, riders, zones and depots, and the desk, one record that knows them all.

The desk holds the rules, the counts of the moment, and where every array lies and how large it is: compiled functions take this
one record instead of thirty arrays, which would cost more to hand on than the work itself.

Times are whole milliseconds from the beginning, so that sums of times are exact; distances are metres, energies kWh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]
Records = NDArray[Any]

MS = 1000
NONE = -1

# States of a car. Every millisecond of every car is in one of them.
IDLE, PICKUP, BOARDING, RIDING, MOVING, TO_DEPOT, QUEUE, CHARGING, OUT, OFF = range(10)
STATES = (
    "idle",
    "pickup",
    "boarding",
    "riding",
    "repositioning",
    "to_depot",
    "plug_queue",
    "charging",
    "out",
    "off_shift",
)

# What a car goes to a depot for.
NO_TASK, CHARGE, PARK, CLEAN, REPAIR = range(5)

# What became of a request.
OPEN, SERVED, DECLINED, ABANDONED = range(4)
STATUS = ("waiting", "served", "declined", "abandoned")

# Distances by what they were driven for.
TO_RIDER, WITH_RIDER, TO_STAND, DEPOT_WAY = range(4)
WAYS = ("pickup", "loaded", "repositioning", "depot")

NEAREST, BATCHED = range(2)

CAR = np.dtype(
    [
        ("zone", np.int32),  # where it is, or will be once it is free
        ("state", np.int32),
        ("next", np.int32),  # neighbours in its zone's list of idle cars, or behind it in a queue for a plug
        ("prev", np.int32),
        ("slot", np.int32),  # place in the list of all idle cars
        ("mark", np.int32),  # its column in the assignment being made
        ("task", np.int32),
        ("depot", np.int32),
        ("trips", np.int32),  # since it was cleaned
        ("since", np.int64),  # when its state began
        ("free_at", np.int64),
        ("energy", np.float64),
        ("energy_at", np.int64),  # up to when its energy is counted
        ("fails_at", np.int64),
        ("failures", np.int64),
        ("target", np.int32),  # on its way to a stand: where to, and the next zone
        ("step", np.int32),
        ("step_m", np.float64),  # what it drives until it counts as there
    ],
    align=True,
)
RIDER = np.dtype(
    [
        ("time", np.int64),
        ("pickup", np.int64),  # when the car is at the door, -1 if never
        ("limit", np.int64),  # the longest wait that this rider accepts
        ("pickup_m", np.float32),
        ("origin", np.int32),
        ("destination", np.int32),
        ("next", np.int32),  # neighbours among those who wait in the zone
        ("prev", np.int32),
        ("after", np.int32),  # neighbours among all who wait, by time of request
        ("before", np.int32),
        ("car", np.int32),
        ("status", np.int32),
        (
            "mark",
            np.int32,
        ),  # its column in the assignment being made
    ],
    align=True,
)
ZONE = np.dtype(
    [
        ("idle_head", np.int32),
        ("waiting_head", np.int32),
        ("waiting_tail", np.int32),
        ("waiting", np.int32),
        ("region", np.int32),
    ],
    align=True,
)
DEPOT = np.dtype(
    [
        ("zone", np.int32),
        ("plugs", np.int32),
        ("busy", np.int32),
        ("queued", np.int32),
        ("coming", np.int32),
        ("head", np.int32),
        ("tail", np.int32),
        ("pad", np.int32),
        ("kw", np.float64),
    ],
    align=True,
)
RULES = (
    ("horizon", np.int64),
    ("bin", np.int64),
    ("mode", np.int64),
    ("batch", np.int64),
    ("candidates", np.int64),
    ("epoch", np.int64),  # between looks at where cars stand, 0 never
    ("level", np.int64),  # whether cars are repositioned then
    ("ahead", np.int64),  # how far a repositioning looks
    ("patience", np.int64),
    ("own_limits", np.int64),  # whether riders have a longest wait of their own
    ("fixed", np.int64),
    ("boarding", np.int64),
    ("capacity", np.float64),  # kWh, 0: energy is not counted
    ("charge_below", np.float64),
    ("top_up_below", np.float64),
    ("charge_to", np.float64),
    ("kwh_per_m", np.float64),
    ("kwh_per_ms", np.float64),
    ("plug_in", np.int64),
    ("clean_after", np.int64),  # trips, 0 never
    ("clean", np.int64),
    ("between_failures", np.float64),  # ms, 0 never
    ("repair", np.int64),
    ("seed", np.int64),
    ("within_zone", np.int64),
)
COUNTS_NOW = (
    ("idle", np.int64),
    ("waiting", np.int64),
    ("first", np.int64),  # of those who wait
    ("last", np.int64),
    ("events", np.int64),
    ("row", np.int64),  # the bin of the moment, from when until when
    ("row_starts", np.int64),
    ("row_ends", np.int64),
    ("on_shift", np.int64),
    ("leaving", np.int64),  # cars that go off shift as soon as they are free
    ("least_energy", np.float64),
)
SIZES = (
    "zones_n",
    "near_n",
    "bins_n",
    "cars_n",
    "riders_n",
    "depots_n",
    "regions_n",
    "region_ends_n",
    "landings_n",
    "rows_n",
    "entries_n",
    "states_n",
    "counts_n",
    "ways_n",
    "region_rows_n",
)
ARRAYS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "seconds": (np.float32, ("zones_n", "zones_n")),
    "into": (np.float32, ("zones_n", "zones_n")),
    "metres": (np.float32, ("zones_n", "zones_n")),
    "near": (np.int32, ("zones_n", "near_n")),
    "near_into": (np.int32, ("zones_n", "near_n")),
    "near_s": (np.float32, ("zones_n", "near_n")),
    "near_into_s": (np.float32, ("zones_n", "near_n")),
    "slow": (np.float64, ("bins_n",)),
    "shift": (np.int64, ("bins_n",)),
    "at_plugs": (np.int64, ("bins_n",)),
    "reach": (np.int64, ("bins_n",)),
    "region_first": (np.int32, ("region_ends_n",)),
    "region_zone": (np.int32, ("zones_n",)),
    "region_seconds": (np.float64, ("regions_n", "regions_n")),
    "rate": (np.float64, ("bins_n", "regions_n")),
    "stand_share": (np.float64, ("bins_n", "regions_n")),
    "landing": (np.int32, ("regions_n", "landings_n")),
    "landed": (np.int64, ("regions_n",)),
    "cars": (CAR, ("cars_n",)),
    "riders": (RIDER, ("riders_n",)),
    "zones": (ZONE, ("zones_n",)),
    "depots": (DEPOT, ("depots_n",)),
    "idle_in": (np.int32, ("zones_n",)),
    "idle_list": (np.int32, ("cars_n",)),
    "event": (np.int64, ("cars_n",)),
    "state_ms": (np.int64, ("bins_n", "states_n")),
    "rider_counts": (np.int64, ("bins_n", "counts_n")),
    "way_m": (np.float64, ("bins_n", "ways_n")),
    "plug_ms": (np.int64, ("bins_n", "depots_n")),
    "load_ms": (np.int64, ("bins_n", "depots_n")),
    "queue_ms": (np.int64, ("bins_n", "depots_n")),
    "queue_most": (np.int64, ("bins_n", "depots_n")),
    "match_start": (np.int32, ("rows_n",)),
    "match_row": (np.int32, ("cars_n",)),
    "match_column_of": (np.int32, ("cars_n",)),
    "match_column": (np.int32, ("entries_n",)),
    "match_compact": (np.int32, ("entries_n",)),
    "match_id": (np.int32, ("entries_n",)),
    "match_cost": (np.float64, ("entries_n",)),
    "match_row_of": (np.int32, ("entries_n",)),
    "match_came_from": (np.int32, ("entries_n",)),
    "match_done": (np.int32, ("entries_n",)),
    "match_seen": (np.int32, ("entries_n",)),
    "match_price": (np.float64, ("entries_n",)),
    "match_far": (np.float64, ("entries_n",)),
    "match_worth": (np.float64, ("cars_n",)),
    "region_ints": (np.int64, ("region_rows_n", "regions_n")),
    "region_floats": (np.float64, ("region_rows_n", "regions_n")),
    "region_flow": (np.int64, ("regions_n", "regions_n")),
    "region_cost": (np.float64, ("regions_n", "regions_n")),
}
"""Arrays by name: the type of their entries, and the sizes of their axes by name; what each holds: :class:`Book`."""

DESK = np.dtype(
    [*RULES, *COUNTS_NOW, *((name, np.int64) for name in SIZES), *((f"{name}_at", np.int64) for name in ARRAYS)],
    align=True,
)
RIDER_COUNTS = ("requests", "served", "declined", "abandoned")


@dataclass(frozen=True, eq=False)
class Book:
    """All arrays of one run, and the desk that points to them; the arrays live as long as the book.

    Attributes
    ----------
    arrays
        By name. Driving time from row to column (n, n), its transpose (the same array where ways are alike both ways) and
        distance; the nearest zones from a zone and to it (n, k), with the times; factor on driving times, cars on shift, cars
        that are to be at plugs, the dispatcher's reach by bin. Of regions: the zones of region r are those of ``region_zone``
        from ``region_first[r]`` on; times between them, ``rate`` (bins, r; requests per ms), ``stand_share`` (bins, r; of spare
        cars), ``landing`` (r, l; zones to go to), ``landed`` (r; how often). Records of cars, riders, zones and depots.
        ``idle_in`` (n), ``idle_list``: cars that stand by zone and all of them. ``event``: the heap of what happens next, time
        and car in one number (see ``tally.push``). From ``state_ms`` to ``queue_most``: tallies. The others are room to work in.
    desk
        One record.
    """

    arrays: dict[str, NDArray[Any]]
    desk: Records

    @staticmethod
    def of(given: dict[str, NDArray[Any]], rules: dict[str, Any], sizes: dict[str, int]) -> Book:
        """Return a book; arrays that are not given begin with zeros, given ones must be contiguous and of their type."""
        arrays = dict(given)
        desk = np.zeros(1, DESK)
        for name, value in {**rules, **sizes}.items():
            desk[name] = value
        for name, (kind, axes) in ARRAYS.items():
            shape = tuple(sizes[axis] for axis in axes)
            array = arrays.setdefault(name, np.zeros(0 if name in given else shape, kind))
            if array.dtype != kind or array.shape != shape or not array.flags.c_contiguous:
                message = f"{name} is {array.dtype} {array.shape}, not a contiguous array of {kind} {shape}"
                raise TypeError(message)
            desk[f"{name}_at"] = array.ctypes.data
        return Book(arrays, desk)
