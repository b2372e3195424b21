"""What a suspension that is asked for does to a deployment: when it pauses, when it recovers, from when on it may end.

A service that is suspended is open and carries nobody, or few: no least fleet is asked of it, nothing opens or widens, and
where no vehicle is left its riders' clock stands still and runs back. Afterwards it grows as any service does, and its area asks
for no fleet to match until it has had the time for it. What opens or widens only then keeps the fleet that any asks for. Or it
ends, and does not come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fleetplan.request.constraints import Suspension

if TYPE_CHECKING:
    from fleetplan.optimize.instance import Array, Flags, Instance, Ints


@dataclass(frozen=True, eq=False)
class SuspensionTerms:
    """Figures of pauses and endings.

    Attributes
    ----------
    adoption_curve
        By months since a ring opened.
    recovery_months
        After a suspension, while no least fleet is asked for.
    forgotten_months
        Of adoption for every month without a vehicle, besides those in which it stands still.
    exit_usd
        What ending a service in a city costs.
    """

    adoption_curve: tuple[float, ...]
    recovery_months: float
    forgotten_months: float
    exit_usd: float


@dataclass(frozen=True, eq=False)
class Interruption:
    """The periods of one deployment, shapes (periods,).

    Attributes
    ----------
    paused
        Held at so many vehicles, or at none.
    stopped
        Of these those in which no vehicle is left.
    recovering
        Paused, or so soon afterwards that its area asks for no fleet to match.
    may_end
        From the first pause on.
    """

    paused: Flags
    stopped: Flags
    recovering: Flags
    may_end: Flags


def suspended_at(i: Instance, suspension: Suspension) -> Ints:
    """Return the periods that share a month with a suspension."""
    return np.array(i.grid.window(suspension.start, suspension.end), dtype=np.int64)


def suspended_here(i: Instance, suspension: Suspension) -> list[int]:
    """Return the deployments that a suspension holds."""
    named = i.matching(suspension.city, suspension.stack)
    law, cities = suspension.jurisdiction, i.scope.catalogue.cities
    return [q for q in named if law is None or law in cities[i.deployments[q].city].jurisdictions]


def interruptions_of(i: Instance) -> dict[int, Interruption]:
    """Return what suspensions do to each deployment that some suspension holds; a bar is one for good, with no vehicle left."""
    found: dict[int, Interruption] = {}
    for q, data in enumerate(i.deployments):
        if (barred := data.outlook.barred).any():
            found[q] = Interruption(barred, barred, _recovering(i, barred), np.logical_or.accumulate(barred))
    for c in (c for c in i.scope.constraints if isinstance(c, Suspension)):
        for q in suspended_here(i, c):
            paused, stopped = np.zeros(i.periods, dtype=bool), np.zeros(i.periods, dtype=bool)
            if q in found:
                paused, stopped = found[q].paused.copy(), found[q].stopped.copy()
            paused[suspended_at(i, c)] = True
            if c.vehicles_left == 0:
                stopped[suspended_at(i, c)] = True
            found[q] = Interruption(paused, stopped, _recovering(i, paused), np.logical_or.accumulate(paused))
    return found


def _recovering(i: Instance, paused: Flags) -> Flags:
    """Return which periods are paused or begin within the months of recovery after a pause."""
    out = paused.copy()
    ends = [int(i.grid.starts[t] + i.grid.lengths[t]) for t in np.flatnonzero(paused)]
    for t, start in enumerate(i.grid.starts):
        out[t] |= any(end <= start < end + i.world.suspension.recovery_months for end in ends)
    return out


def paused(i: Instance, q: int) -> Flags:
    """Return in which periods a deployment is suspended, shape (periods,)."""
    own = i.interruptions.get(q)
    return own.paused if own else np.zeros(i.periods, dtype=bool)


def stopped(i: Instance, q: int) -> Flags:
    """Return in which periods a suspension leaves a deployment no vehicle, shape (periods,)."""
    own = i.interruptions.get(q)
    return own.stopped if own else np.zeros(i.periods, dtype=bool)


def recovering(i: Instance, q: int) -> Flags:
    """Return in which periods a deployment is suspended or recovers from it, shape (periods,)."""
    own = i.interruptions.get(q)
    return own.recovering if own else np.zeros(i.periods, dtype=bool)


def last_paused(i: Instance, q: int) -> Ints:
    """Return the last suspended period of a deployment up to each period, -1 before the first; shape (periods,)."""
    return np.maximum.accumulate(np.where(paused(i, q), np.arange(i.periods), -1))


def adoption_of(i: Instance, q: int) -> Array:
    """Return mean adoption in period ``t`` of a ring of a deployment opened at the start of another, shape (opened, t)."""
    own = i.interruptions.get(q)
    return adoption_after(i, own.stopped) if own is not None and own.stopped.any() else i.world.adoption


def adoption_after(i: Instance, stopped: Flags) -> Array:
    """Return mean adoption in period ``t`` of a ring opened at the start of another, shape (opened, t), where it stood still.

    Every month of a period without vehicles is taken off the age of what was open before, and a share of it once more.
    """
    months = [m for t in np.flatnonzero(stopped) for m in i.grid.months_in(int(t))]
    lost = np.array(months, dtype=np.int64)
    table = i.world.suspension.adoption_curve
    out = np.zeros((i.periods, i.periods))
    for tau in range(i.periods):
        opened = int(i.grid.starts[tau])
        for t in range(tau, i.periods):
            ages = [_age(opened, m, lost, i.world.suspension.forgotten_months) for m in i.grid.months_in(t)]
            out[tau, t] = float(np.mean([table[min(age, len(table) - 1)] for age in ages]))
    return out


def _age(opened: int, month: int, lost: Ints, forgotten: float) -> int:
    stood = int(np.sum((lost >= opened) & (lost < month)))
    return max(0, month - opened - int(np.floor((1.0 + forgotten) * stood + 0.5)))
