"""Which numbers a figure may hold: the same for a file of the catalogue and for an override of a request."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fleetplan.catalogue.schema import (
    ASSUMPTIONS,
    CITY_FIGURES,
    CITY_FITTED,
    ECONOMIC_FIGURES,
    FREE,
    LAW_FIGURES,
    RATE_OF_EXCHANGE,
    SHARE,
    STACK_FIGURES,
    Spec,
)
from fleetplan.catalogue.types import Figure

_SUM_TOLERANCE: Final = 1e-3
_MEAN_TOLERANCE: Final = 1e-2


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a figure may not hold some numbers."""

    what: str
    allowed: str
    remedy: str


def spec_of(file: str, key: str, unit: str) -> Spec:
    """Return what a figure may hold, by the file that it stands in and its key there.

    >>> spec_of("zurich/city.toml", "market.fare_tax", "share").high
    1
    """
    if file.startswith("jurisdictions/"):
        return LAW_FIGURES.get(key.rpartition(".")[2], FREE)
    if file.startswith("partners/"):
        return STACK_FIGURES.get(key, FREE)
    if file.endswith("/city.toml"):
        return CITY_FIGURES.get(key) or CITY_FITTED.get(key, FREE)
    if key.startswith("fx."):
        return RATE_OF_EXCHANGE
    named = ECONOMIC_FIGURES if file == "economics.csv" else ASSUMPTIONS
    return named.get(key) or (SHARE if unit.startswith(("share", "fraction")) else FREE)


def spec_of_figure(figure: Figure) -> Spec:
    """Return what a figure of a loaded catalogue may hold."""
    file, _, key = figure.key.partition("#")
    return spec_of(file, key, figure.unit)


def allowed(spec: Spec) -> str:
    """Return in words what each number of a figure may be.

    >>> allowed(Spec(0, 1)), allowed(Spec(1, 10_000, whole=True))
    ('a number from 0 to 1', 'a whole number from 1 to 10000')
    """
    kind = "a whole number" if spec.whole else "a number"
    if math.isinf(spec.low) and math.isinf(spec.high):
        return f"{kind}" if spec.whole else "a finite number"
    return f"{kind} from {spec.low:g}" + ("" if math.isinf(spec.high) else f" to {spec.high:g}")


def wrong_numbers(spec: Spec, values: Sequence[float]) -> Iterator[Wrong]:
    """Return what is wrong with each number by itself."""
    for number in values:
        if not spec.low <= number <= spec.high:
            yield Wrong(f"{number:.15g} is out of range", allowed(spec), "check the number and its unit")
        elif spec.whole and not float(number).is_integer():
            remedy = f"write {math.floor(number)} or {math.ceil(number)}"
            yield Wrong(f"{number:.15g} is not a whole number", allowed(spec), remedy)


def wrong_profile(spec: Spec, values: Sequence[float]) -> Iterator[Wrong]:
    """Return what is wrong with the numbers together: a profile has its sum or its mean."""
    if not values or any(map(math.isnan, values)):
        return
    total, mean = math.fsum(values), math.fsum(values) / len(values)
    if spec.total is not None and abs(total - spec.total) > _SUM_TOLERANCE:
        within = f"a sum of {spec.total:g} within {_SUM_TOLERANCE:g}"
        yield Wrong(f"the shares sum to {total:.5g}", within, "divide each by the sum")
    if spec.mean is not None and abs(mean - spec.mean) > _MEAN_TOLERANCE:
        within = f"a mean of {spec.mean:g} within {_MEAN_TOLERANCE:g}"
        yield Wrong(f"the factors' mean is {mean:.5g}", within, "divide each by the mean")
