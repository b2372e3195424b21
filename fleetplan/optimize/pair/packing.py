"""Arrays and plain figures as bytes: what is written on one machine can be read on another, and holds nothing that could run.

A line of JSON says what follows: figures, and of every array its name, kind and shape. Then come the arrays, one after another.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = frozenset({"<f8", "<i8", "<i4", "|b1"})

Arrays = Mapping[str, NDArray[Any]]


def packed(figures: Mapping[str, Any], arrays: Arrays) -> bytes:
    """Return figures (what JSON can say) and arrays as bytes; the same bytes for the same contents."""
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    said = [[name, array.dtype.str, list(array.shape)] for name, array in plain.items()]
    head = json.dumps({"figures": figures, "arrays": said}, sort_keys=True).encode()
    return b"\n".join([head, b"".join(array.tobytes() for array in plain.values())])


def unpacked(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the figures and arrays that bytes hold.

    Raises
    ------
    ValueError
        If they are cut off, or hold anything else.
    """
    line, _, rest = data.partition(b"\n")
    head = json.loads(line)
    arrays, at = {}, 0
    for name, kind, shape in head["arrays"]:
        if kind not in KINDS:
            msg = f"{name} is of kind {kind!r}, not one of {sorted(KINDS)}"
            raise ValueError(msg)
        count = math.prod(shape)
        arrays[name] = np.frombuffer(rest, kind, count, at).reshape(shape)
        at += count * np.dtype(kind).itemsize
    if at != len(rest):
        msg = f"{len(rest)} bytes of arrays where {at} are told of"
        raise ValueError(msg)
    return head["figures"], arrays
