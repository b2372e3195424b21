"""What may be turned: a question made a dial, with its range, and what makes a request of a value of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.ranges import spec_of_figure
from fleetplan.catalogue.types import Catalogue, Figure
from fleetplan.doubt.ranges import Ranged, figure_by_key, mean_of, ranged
from fleetplan.doubt.shifts import REMADE, in_curves
from fleetplan.errors import Fault, RequestError
from fleetplan.plans.types import Plan
from fleetplan.scope.overrides import apply_overrides
from fleetplan.threshold.types import Dial

FINE = 32
"""Steps of a figure from where it stands to either end."""

SHARES = 0.05
"""A step of supply and capital, in parts of what the plan has."""

SOONER_MONTHS, LATER_MONTHS = 12, 24
SUPPLY, CAPITAL = (0.5, 2.0), (0.5, 2.0)
OURS = "our judgement of what is worth asking: no source states a range"

WHY = "a threshold is looked for"

CITY_FIGURES = {
    "fare": "market.mean_fare_local",
    "displacement": "market.displaced_share_by_year",
    "platform-share": "market.platform_share",
}
STACK_FIGURES = {"vehicle-price": "vehicle.price_usd", "take": "contract.platform_fare_share"}
KINDS = (*CITY_FIGURES, *STACK_FIGURES, "permit-date", "supply", "capital")
"""What may be asked for by a plain name: figures of a city, of a stack, the months of a city's permits, supply, capital."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to turn: a figure by its ``key`` or something by its plain name (``kind``), of a city or a stack; other ends of it."""

    kind: str = ""
    key: str = ""
    city: str = ""
    stack: str = ""
    low: float | None = None
    high: float | None = None


def dial_of(asked: Question, plan: Plan, catalogue: Catalogue) -> Dial:
    """Return the dial of a question.

    Raises
    ------
    RequestError
        With every fault of the question.
    """
    own, _ = apply_overrides(catalogue, plan.request.overrides)
    faults: list[Fault] = []
    if bool(asked.kind) == bool(asked.key):
        faults.append(
            Fault("/figure", "names neither a figure nor a kind, or both", "one of the two", "give one of them")
        )
    elif asked.kind and asked.kind not in KINDS:
        faults.append(Fault("/kind", f"is {asked.kind!r}", ", ".join(KINDS), "choose one of these"))
    if faults:
        raise RequestError(faults)
    if asked.key:
        return _of_figure(asked, asked.key, catalogue, own)
    if asked.kind == "capital":
        return _times("capital", CAPITAL, asked)
    if asked.kind in CITY_FIGURES or asked.kind == "permit-date":
        city = _named("/city", asked.city, sorted(c.city for c in plan.cities if c.launch), _cities(plan, catalogue))
        if asked.kind == "permit-date":
            return _months_of_city(city, asked)
        return _of_figure(asked, f"{city}/city.toml#{CITY_FIGURES[asked.kind]}", catalogue, own)
    running = sorted({d.stack for c in plan.cities for d in c.deployments if d.launch})
    stack = _named("/stack", asked.stack, running, _stacks(plan, catalogue))
    if asked.kind == "supply":
        return _times("supply", SUPPLY, asked, stack)
    return _of_figure(asked, f"partners/{stack}.toml#{STACK_FIGURES[asked.kind]}", catalogue, own)


def _cities(plan: Plan, catalogue: Catalogue) -> Callable[[str], str]:
    return lambda name: _planned("/city", resolve_city(catalogue, name), sorted(c.city for c in plan.cities))


def _stacks(plan: Plan, catalogue: Catalogue) -> Callable[[str], str]:
    return lambda name: _planned("/stack", resolve_stack(catalogue, name), sorted(s.stack for s in plan.stacks))


def _planned(where: str, slug: str, planned: Sequence[str]) -> str:
    if slug not in planned:
        raise RequestError([Fault(where, f"{slug!r} is not planned", ", ".join(planned), "choose one of these")])
    return slug


def _named(where: str, given: str, likely: Sequence[str], resolve: Callable[[str], str]) -> str:
    """Return the slug of what is named; where nothing is, the only one that it can be."""
    if given:
        try:
            return resolve(given)
        except RequestError as error:
            raise RequestError([Fault(where, f.what, f.allowed, f.remedy) for f in error.faults]) from error
    if len(likely) == 1:
        return likely[0]
    allowed = ", ".join(likely) or "one that is planned"
    raise RequestError([Fault(where, "is not named, and it may be several", allowed, "name one of them")])


# --- figures ---


def _of_figure(asked: Question, key: str, catalogue: Catalogue, own: Catalogue) -> Dial:
    figure, now = figure_by_key(catalogue, key), figure_by_key(own, key)
    if figure is None or now is None:
        what = f"no figure of the catalogue is called {key!r}"
        raise RequestError([Fault("/figure", what, "a figure's key", "look it up in the catalogue's figures")])
    if in_curves(key) and key.partition("#")[2].startswith(REMADE):
        what = f"{key}: streets and trips are made from it, which takes minutes for every value"
        raise RequestError(
            [Fault("/figure", what, "another figure", "plan again at its ends: fleetplan doubt --resolve")]
        )
    if key.startswith("jurisdictions/"):
        return _months_of_permit(asked, figure)
    known = ranged(figure)
    likely = mean_of(now.values or (now.value,))
    low, high = _ends(asked, known, figure, likely)
    down, up = _steps(figure, likely, low), _steps(figure, likely, high)
    owner, city = key.partition("/")[0], key.partition("/")[2].partition(".toml")[0]
    return Dial(
        kind="figure",
        key=key,
        city=owner if owner in catalogue.cities else "",
        stack=city if owner == "partners" else "",
        unit=figure.unit,
        likely=likely,
        low=low,
        high=high,
        steps_down=down,
        steps_up=up,
        source="" if asked.low is not None or asked.high is not None else figure.source,
    )


def _ends(asked: Question, known: Ranged | None, figure: Figure, likely: float) -> tuple[float, float]:
    """Return between what a figure is turned: what is asked for, or else its range, with where it stands inside."""
    faults = []
    if figure.values and (asked.low is not None or asked.high is not None):
        faults.append(Fault("/low", "a list of numbers has the catalogue's ends only", "no ends", "leave them out"))
    if known is None and (asked.low is None or asked.high is None):
        what = f"{figure.key} has no range in the catalogue"
        faults.append(Fault("/low", what, "low and high", "say between which values to look"))
    spec = spec_of_figure(figure)
    ends = []
    for name, given, at in (("low", asked.low, 0), ("high", asked.high, 1)):
        stated = (mean_of(known.low), mean_of(known.high))[at] if known else likely
        end = stated if given is None else given
        if not spec.low <= end <= spec.high:
            faults.append(Fault(f"/{name}", f"is {end:g}", f"{spec.low:g} to {spec.high:g}", "choose one in between"))
        ends.append(end)
    if faults:
        raise RequestError(faults)
    return min(ends[0], likely), max(ends[1], likely)


def _steps(figure: Figure, likely: float, end: float) -> int:
    if math.isclose(end, likely, rel_tol=1e-9, abs_tol=1e-12):
        return 0
    apart = abs(end - likely)
    return min(FINE, max(1, round(apart))) if spec_of_figure(figure).whole else FINE


def numbers_at(dial: Dial, step: int, catalogue: Catalogue, own: Catalogue) -> tuple[float, ...]:
    """Return the numbers of a figure so many steps from where it stands: of a list, all on the way to its end alike."""
    figure, now = figure_by_key(catalogue, dial.key), figure_by_key(own, dial.key)
    assert figure is not None  # noqa: S101  # the dial is of it
    assert now is not None  # noqa: S101
    spec = spec_of_figure(figure)
    if not figure.values:
        value = dial.value(step)
        return (float(round(value)) if spec.whole else value,)
    known = ranged(figure)
    assert known is not None  # noqa: S101  # a list is turned between its own ends
    end = known.high if step > 0 else known.low
    share = abs(step) / (dial.steps_up if step > 0 else dial.steps_down) if step else 0.0
    return tuple(round(a + (b - a) * share, 9) for a, b in zip(now.values, end, strict=True))


# --- months, and multiples ---


def _months_of_city(city: str, asked: Question) -> Dial:
    low = -SOONER_MONTHS if asked.low is None else _whole("/low", asked.low)
    high = LATER_MONTHS if asked.high is None else _whole("/high", asked.high)
    return _month_dial(city=city, likely=0.0, low=low, high=high, source=OURS)


def _months_of_permit(asked: Question, figure: Figure) -> Dial:
    low, high = (math.ceil(end - 1e-9) for end in _ends(asked, ranged(figure), figure, figure.value))
    likely = float(math.ceil(figure.value - 1e-9))
    return _month_dial(key=figure.key, likely=likely, low=low, high=high, source=figure.source)


def _month_dial(*, likely: float, low: int, high: int, **more: str) -> Dial:
    down, up = max(0, round(likely) - low), max(0, high - round(likely))
    return Dial(
        kind="permit_months",
        unit="months",
        likely=likely,
        low=float(min(low, likely)),
        high=float(max(high, likely)),
        steps_down=down,
        steps_up=up,
        **more,
    )


def _whole(where: str, value: float) -> int:
    if value != round(value) or not -60 <= value <= 120:
        raise RequestError([Fault(where, f"is {value:g}", "whole months from -60 to 120", "write whole months")])
    return round(value)


def _times(kind: str, ends: tuple[float, float], asked: Question, stack: str = "") -> Dial:
    low = ends[0] if asked.low is None else asked.low
    high = ends[1] if asked.high is None else asked.high
    if not 0.0 <= low <= 1.0 <= high <= 100.0:
        what = f"from {low:g} to {high:g} times does not hold once"
        raise RequestError([Fault("/low", what, "0 to 1, and 1 to 100, times what the plan has", "choose such ends")])
    source = OURS if asked.low is None and asked.high is None else ""
    return Dial.model_validate(
        {
            "kind": kind,
            "stack": stack,
            "unit": "times",
            "likely": 1.0,
            "low": low,
            "high": high,
            "steps_down": math.ceil((1.0 - low) / SHARES - 1e-9),
            "steps_up": min(FINE, math.ceil((high - 1.0) / SHARES - 1e-9)),
            "source": source,
        }
    )


# --- patches ---


def patch_at(dial: Dial, step: int, plan: Plan, catalogue: Catalogue) -> dict[str, Any]:
    """Return what makes a request of a plan's with a dial turned by so many steps."""
    value = dial.value(step)
    if dial.kind == "figure":
        own, _ = apply_overrides(catalogue, plan.request.overrides)
        numbers = numbers_at(dial, step, catalogue, own)
        many = len(numbers) > 1
        return {
            "overrides": {
                dial.key: {"values": list(numbers), "why": WHY} if many else {"value": numbers[0], "why": WHY}
            }
        }
    if dial.kind == "permit_months":
        where: Mapping[str, Any] = (
            {"permit": dial.key.partition("#")[2].removesuffix(".months")} if dial.key else {"city": dial.city}
        )
        months = round(value - dial.likely)
        return {"constraints": {_free("threshold-permits", plan): {"type": "permit_delay", **where, "months": months}}}
    if dial.kind == "supply":
        change = {"type": "supply_change", "stack": dial.stack, "factor": value}
        return {"constraints": {_free("threshold-supply", plan): change}}
    given = plan.request.capital.per_quarter_usd
    scaled = [round(v * value, 2) for v in given] if isinstance(given, list) else round(given * value, 2)
    return {"capital": {"per_quarter_usd": scaled}}


def _free(name: str, plan: Plan) -> str:
    """Return an id that no constraint of a plan's request has."""
    known = {c.id for c in plan.request.constraints}
    return next(n for n in (name, *(f"{name}-{k}" for k in range(2, 1000))) if n not in known)
