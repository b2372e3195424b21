"""By how little each party has to give way: the cheapest relaxation of the matrix, one kind of loosening at a time.

Where a dial moves limits alone, one linear programme with a column that gives way finds the least amount; other dials (months,
shares, waits, areas) are cut in half again and again. What comes out holds in fractions: nothing less can do in whole numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleetplan.optimize.instance import Array
from fleetplan.optimize.otherwise import Asked
from fleetplan.optimize.trials import Amounts, Trials
from fleetplan.remedies import Loosening
from fleetplan.repair.dials import Dial
from fleetplan.reruns.patch import merged_patches

NEARLY = 1e-6  # of a step
MOST_EACH = 4  # options of a party, where several parties are loosened together
ALL_TOGETHER = 16
FINE = 20  # steps: of markets or launches there are fewer, of vehicles and money more


@dataclass(frozen=True)
class Option:
    """A dial turned by so many steps.

    Attributes
    ----------
    plan
        A solution in whole numbers that shows it to be enough, shape (columns,).
    least
        Fewer steps are too few, in fractions.
    near
        The solution in fractions that shows so, shape (columns,); None where it is not known.
    """

    dial: Dial
    step: int
    plan: Array | None = field(default=None, compare=False)
    least: bool = True
    near: Array | None = field(default=None, compare=False)

    @property
    def given_up(self) -> float:
        """What it gives up."""
        return self.dial.given_up(self.step)

    @property
    def patch(self) -> dict[str, Any]:
        """What makes a request of it."""
        return self.dial.patch(self.dial.after(self.step))


@dataclass(frozen=True)
class Candidate:
    """Options that may make a plan possible together, one for each party that is loosened."""

    options: tuple[Option, ...]

    @property
    def given_up(self) -> float:
        """What they give up together."""
        return sum(option.given_up for option in self.options)

    @property
    def changes(self) -> list[Loosening]:
        """What they change."""
        return [change for option in self.options for change in option.dial.changes(option.step)]

    @property
    def patch(self) -> dict[str, Any]:
        """What makes a request of them, as a rerun takes it."""
        out: dict[str, Any] = {}
        for option in self.options:
            out = merged_patches(out, option.patch)
        return out

    @property
    def fine(self) -> bool:
        """Whether its last dial has so many steps that the least in fractions is hardly ever enough in whole numbers."""
        last = self.options[-1]
        return last.least and last.dial.kind == "amount" and last.dial.steps > FINE

    @property
    def plan(self) -> Array | None:
        """A solution in whole numbers that shows it to be enough; None where none is known."""
        return self.options[-1].plan

    @property
    def near(self) -> Array | None:
        """A solution in fractions with its last dial turned as far as it is; None where none is known of all its options."""
        return self.options[0].near if len(self.options) == 1 else None

    def asked(self) -> Asked:
        """Return what is asked then, in a trial."""
        asked = Asked()
        for option in self.options:
            asked = option.dial.onto(asked, option.step)
        return asked

    @property
    def seen(self) -> bool:
        """Whether trials see all of it."""
        return all(option.dial.seen for option in self.options)


def turned(trials: Trials, dial: Dial, asked: Asked) -> Option | None:
    """Return the first step of a dial with which a problem has a solution in fractions; None where none has, or time ran out.

    ``asked`` is what is asked besides, without the dial's own party.
    """
    if not dial.seen or dial.kind == "drop":  # without its party there is a plan: what is loosened is a correction
        return Option(dial, 1)
    if dial.kind != "amount":
        return _option(dial, _first_month(trials, dial, asked))
    if dial.money is not None:
        return _whole_steps(trials.least_money(asked, dial.party, dial.money), dial)
    limit = dial.limit(trials, asked)
    if limit is not None and limit.now is not None and limit.looser is not None:
        return _whole_steps(trials.least(asked, [(limit.now, limit.looser)], [1.0]), dial)
    return _option(dial, smallest(dial.steps, lambda k: trials.relaxed(dial.onto(asked, k)) == "plan"))


def _option(dial: Dial, step: int | None) -> Option | None:
    return None if step is None else Option(dial, step)


def _first_month(trials: Trials, dial: Dial, asked: Asked) -> int | None:
    def holds(step: int) -> bool:
        return trials.relaxed(dial.onto(asked, step)) == "plan"

    if dial.steps > 1 and dial.further_is_looser and not holds(dial.steps):
        return None
    return smallest(dial.steps, holds)


def _whole_steps(found: Amounts | None, dial: Dial) -> Option | None:
    if found is None:
        return None
    step = max(1, math.ceil(float(found.values[0]) - NEARLY))
    return Option(dial, step, near=found.x) if step <= dial.steps else None


def smallest(most: int, holds: Callable[[int], bool], least: int = 1, stride: int = 1) -> int | None:
    """Return the smallest number from ``least`` to ``most`` for which something holds that holds for all larger ones.

    With a ``stride`` it may be larger by less than so many: where each look is dear.

    >>> smallest(100, lambda k: k >= 37), smallest(3, lambda k: False)
    (37, None)
    """
    step, below = stride, least - 1
    at = least
    while at <= most and not holds(at):
        below, step = at, 2 * step
        if at == most:
            return None
        at = min(most, at + step)
    if at > most:
        return None
    while at - below > stride:
        middle = (at + below) // 2
        below, at = (below, middle) if holds(middle) else (middle, at)
    return at


def candidates(
    trials: Trials, dials: Mapping[str, Sequence[Dial]], corrections: Sequence[frozenset[str]]
) -> list[Candidate]:
    """Return ways to loosen, those that give up least first; those that loosen one party have a solution in fractions."""
    found: dict[str, Candidate] = {}
    for parties in sorted(
        filter(None, corrections), key=lambda c: (len(c), sorted(c))
    ):  # of nobody: a plan in fractions
        if all(dials.get(name) for name in parties):
            for one in _together(trials, dials, sorted(parties)):
                found.setdefault(repr(one.patch), one)
    return sorted(found.values(), key=lambda one: one.given_up)


def _together(trials: Trials, dials: Mapping[str, Sequence[Dial]], parties: list[str]) -> Iterator[Candidate]:
    """Yield ways to loosen some parties, each by as little as it needs where nothing is asked of the others.

    Whether that is enough of all together is seen when they are planned, which takes as long as to ask fractions of it.
    """
    alone = {}
    for name in parties:
        others = Asked(frozenset(parties) - {name})
        every = [turned(trials, dial, others) for dial in dials[name]]
        found = _worth_telling([option for option in every if option is not None])
        alone[name] = sorted(
            [*found, *(o for f in found for o in (*_whenever(f), *_much_less(f)))], key=lambda o: o.given_up
        )
    if len(parties) == 1:
        yield from (Candidate((option,)) for option in alone[parties[0]])
        return
    combined = itertools.product(*(alone[name][:MOST_EACH] for name in parties))
    yield from sorted(map(Candidate, combined), key=lambda one: one.given_up)[:ALL_TOGETHER]


def _worth_telling(found: list[Option]) -> list[Option]:
    """Return options without those that ask for less from later on, where less or later alone is as good."""
    months = [str(o.dial.after(o.step)) for o in found if o.dial.member == "start"]
    least = min((o.step for o in found if o.dial.kind == "amount" and not o.dial.besides), default=math.inf)
    told = []
    for o in found:  # of less and later those with the earliest month come first
        if o.dial.besides:
            if o.step >= least or any(str(c.after) >= month for c in o.dial.besides for month in months):
                continue
            least = o.step
        told.append(o)
    return told


def _whenever(found: Option) -> Iterator[Option]:
    """Yield asking for an opening at any time of the horizon, where it must be put off anyway."""
    dial = found.dial
    if dial.kind == "month" and dial.member in {"month", "by"} and found.step < dial.steps:
        yield Option(dial, dial.steps, least=False)


def _much_less(found: Option) -> Iterator[Option]:
    """Yield asking for half of what is nearest, where it is one of many amounts: the nearest is often dear."""
    dial = found.dial
    if dial.kind != "amount" or dial.money is not None or dial.besides or dial.steps <= FINE:
        return
    step = found.step + (dial.steps - found.step) // 2
    if found.step < step < dial.steps:
        yield Option(dial, step, least=False)


def further(trials: Trials, one: Candidate) -> Candidate | None:
    """Return options with the last dial turned on until all of them have a solution together; None where that never is."""
    *before, last = one.options
    asked = Candidate(tuple(before)).asked()
    option = turned(trials, last.dial, asked)
    return None if option is None else Candidate((*before, option))
