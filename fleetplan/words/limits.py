"""What limits are worth, in sentences: by how much each was moved, what that is worth by both bounds, what it changes."""

from __future__ import annotations

from collections.abc import Callable

from fleetplan.limits.types import Probe, Probed
from fleetplan.words.context import Context
from fleetplan.words.doubt import short_number
from fleetplan.words.threshold import changes_words
from fleetplan.words.values import NO_PLAN, percent, several, usd

NOTHING_USD = 1.0


def probe_words(probe: Probe, context: Context) -> str:
    """Return which limit is moved and how: ``10 % more capital in every quarter``."""
    return _MOVED[probe.kind](probe, context)


def _share(probe: Probe) -> str:
    return percent(abs(probe.change), 0)


def _supply(probe: Probe, context: Context) -> str:
    more = "more" if probe.change > 0 else "fewer"
    return f"{_share(probe)} {more} vehicles to be had of {context.names.partner(probe.stack)}"


def _permit(probe: Probe, context: Context) -> str:
    months = several(round(abs(probe.change)), "month")
    when = "earlier" if probe.change < 0 else "later"
    return f"the permit for paid service of {context.names.place(probe.stack, probe.city)} {months} {when}"


def _asked(probe: Probe, context: Context) -> str:
    asked = f"{context.asks(probe.constraint)} ({probe.constraint})"
    if probe.before is None or probe.after is None:
        return f"a limit {_share(probe)} {'higher' if probe.change > 0 else 'lower'}: {asked}"
    return f"a limit of {short_number(probe.after)} in place of {short_number(probe.before)}: {asked}"


_MOVED: dict[str, Callable[[Probe, Context], str]] = {
    "budget": lambda p, _: f"{_share(p)} {'more' if p.change > 0 else 'less'} capital in every quarter",
    "supply": _supply,
    "permit": _permit,
    "growth": lambda p, _: f"fleets, and those of a partner together, that grow {_share(p)} faster",
    "first_year": lambda p, _: f"fleets {_share(p)} larger in a service's first driver-out year",
    "permit_cap": lambda p, c: f"a cap {_share(p)} higher under {c.names.permit(p.permit)}",
    "constraint": _asked,
    "partners": lambda _, __: "partners that need not earn their money back",
}


def worth_band(found: Probed) -> str:
    """Return what the step is worth, by both bounds: ``between $0 and $1.20 M``."""
    least, most = found.least_usd, found.most_usd
    if least is None or most is None:
        return "no plan"
    if max(abs(least), abs(most)) < NOTHING_USD:
        return "nothing, as is proven"
    if usd(least) == usd(most):
        return f"{usd(most)}, as is proven"
    return f"between {usd(least)} and {usd(most)}"


def probed_sentence(found: Probed, context: Context) -> str:
    """Return what a moved limit is worth and what it changes."""
    what = probe_words(found.probe, context)
    head = f"{what[:1].upper()}{what[1:]}"
    if found.npv_usd is None:
        return f"{head}: {NO_PLAN}."
    return f"{head}: worth {worth_band(found)}; {moves_words(found, context)}."


def moves_words(found: Probed, context: Context) -> str:
    """Return what the plan found with the step does otherwise."""
    parts = [changes_words(found.changes, context.names)] if found.changes else []
    if found.vehicles:
        parts.append(
            f"{several(abs(found.vehicles), 'vehicle')} {'more' if found.vehicles > 0 else 'fewer'} at the end"
        )
    return "; ".join(parts) or "who opens where, when and over which area stays as it is, and as many vehicles"
