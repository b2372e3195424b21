"""In which arithmetic a bound is proven, in a sentence."""

from __future__ import annotations

from fleetplan.proven import Exactness
from fleetplan.words.values import usd_fine


def exactness_sentence(exactness: Exactness) -> str:
    """Return how far rounding errors may have moved a bound.

    >>> exactness_sentence(Exactness(root_usd=1.9455e9))
    "Proven in floating point, to the solvers' tolerance of 1e-06; in directed rounding, the linear relaxation proves $1,945.5 M."
    """
    if exactness.arithmetic == "directed_rounding":
        return "Proven in directed rounding, from the linear relaxation's prices: no rounding error can have lowered the bound."
    bound = f"Proven in floating point, to the solvers' tolerance of {exactness.tolerance:g}"
    if exactness.root_usd is None:
        return f"{bound}; not proven again in exact arithmetic."
    return f"{bound}; in directed rounding, the linear relaxation proves {usd_fine(exactness.root_usd)}."
