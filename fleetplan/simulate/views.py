"""The arrays of a desk as compiled code sees them: ``cars(s)`` is the array of cars, made on the spot from where it lies.

Making one costs nothing: it is an address, read from the record, with a shape. Nothing is copied and nothing counted, so a
compiled function takes the desk alone.
"""

from __future__ import annotations

from typing import Any

import numba
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from fleetplan.simulate.layout import ARRAYS

Desk = Any
"""The record of :data:`fleetplan.simulate.layout.DESK`."""


def _view(name: str) -> Any:
    """Return the compiled function that makes one of the arrays."""
    kind, axes = ARRAYS[name]
    entry = numba.from_dtype(kind) if hasattr(kind, "fields") else numba.typeof(kind(0))
    array = types.Array(entry, len(axes), "C")

    def make(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        def read(field: str) -> Any:
            offset, whole = signature.args[0].offset(field), context.get_value_type(types.int64)
            return builder.load(cgutils.get_record_member(builder, values[0], offset, whole))

        view = context.make_array(array)(context, builder)
        size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(entry)))
        shape = [read(axis) for axis in axes]
        strides = [size]
        for length in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], length))
        start = builder.inttoptr(read(f"{name}_at"), view.data.type)
        populate_array(view, data=start, shape=shape, strides=strides, itemsize=size, meminfo=None)
        return view._getvalue()  # noqa: SLF001 - how Numba names it

    def typed(_: Any, desk: Any) -> Any:
        return array(desk), make

    return intrinsic(typed)


seconds = _view("seconds")
into = _view("into")
metres = _view("metres")
near = _view("near")
near_into = _view("near_into")
near_s = _view("near_s")
near_into_s = _view("near_into_s")
slow = _view("slow")
shift = _view("shift")
at_plugs = _view("at_plugs")
reach = _view("reach")
region_first = _view("region_first")
region_zone = _view("region_zone")
region_seconds = _view("region_seconds")
rate = _view("rate")
stand_share = _view("stand_share")
landing = _view("landing")
landed = _view("landed")
cars = _view("cars")
riders = _view("riders")
zones = _view("zones")
depots = _view("depots")
idle_in = _view("idle_in")
idle_list = _view("idle_list")
event = _view("event")
state_ms = _view("state_ms")
rider_counts = _view("rider_counts")
way_m = _view("way_m")
plug_ms = _view("plug_ms")
load_ms = _view("load_ms")
queue_ms = _view("queue_ms")
queue_most = _view("queue_most")
match_start = _view("match_start")
match_row = _view("match_row")
match_column_of = _view("match_column_of")
match_column = _view("match_column")
match_compact = _view("match_compact")
match_id = _view("match_id")
match_cost = _view("match_cost")
match_row_of = _view("match_row_of")
match_came_from = _view("match_came_from")
match_done = _view("match_done")
match_seen = _view("match_seen")
match_price = _view("match_price")
match_far = _view("match_far")
match_worth = _view("match_worth")
region_ints = _view("region_ints")
region_floats = _view("region_floats")
region_flow = _view("region_flow")
region_cost = _view("region_cost")
