"""Every error fleetplan raises on purpose, in one tree.

    FleetplanError
    ├── InputError            one or more faults in what a person gave us (exit code 2)
    │   ├── CatalogueError    ... in the files of cities/
    │   └── RequestError      ... in a planning request
    ├── InfeasibleError       no plan keeps every rule (exit code 3)
    ├── SolverError           the solver ended in a state that proves nothing
    └── CheckFailed           a finished plan broke a rule: a bug, never a user's fault

Bad input is never reported one fault at a time: an :class:`InputError` carries every :class:`Fault` found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fleetplan.facts import Conflict
    from fleetplan.remedies import Repair

_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where it stands, what stands there, what is allowed, and how to mend it.

    Attributes
    ----------
    where
        A place a person can go to: ``cities/zurich/city.toml: market.trips_per_day`` or a JSON pointer
        ``/constraints/2/by``.
    what
        One sentence naming the fault, with the offending value.
    allowed
        What would be accepted there.
    remedy
        What to do about it.
    """

    where: str
    what: str
    allowed: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """Return the fault as one readable line."""
        parts = [f"{self.where}: {self.what}"]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.remedy:
            parts.append(f"remedy: {self.remedy}")
        return "; ".join(parts)


def nearest(given: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Return the names that somebody may have meant, the nearest first: holding what was given, or spelled alike.

    >>> nearest("lucid", ["Lucid + Nuro", "Zoox"])
    ['Lucid + Nuro']
    """
    word = given.casefold().strip()
    folded = {name.casefold(): name for name in sorted(known)}
    inside = [name for name in folded if len(word) >= _SHORTEST and word in name]
    near = dict.fromkeys([*inside, *get_close_matches(word, folded, n=most, cutoff=0.6)])
    return [folded[name] for name in list(near)[:most]]


def near_misses(given: str, known: Iterable[str]) -> str:
    """Return what somebody may have meant, as a remedy; empty when nothing known is near.

    >>> near_misses("madird", ["madrid", "munich"])
    'did you mean madrid?'
    """
    near = nearest(given, known)
    return f"did you mean {' or '.join(near)}?" if near else ""


class FleetplanError(Exception):
    """Base of every error raised on purpose; ``code`` is stable and machine-readable."""

    code = "error"
    exit_code = 1


class InputError(FleetplanError):
    """Input is wrong; ``faults`` holds every fault that was found."""

    code = "bad-input"
    exit_code = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        count = len(self.faults)
        head = f"{count} fault{'' if count == 1 else 's'}"
        super().__init__("\n".join([head, *(f"  - {fault}" for fault in self.faults)]))


class CatalogueError(InputError):
    """The catalogue's files do not hold together."""

    code = "bad-catalogue"


class RequestError(InputError):
    """A planning request is malformed or names what the catalogue does not have."""

    code = "bad-request"


class InfeasibleError(FleetplanError):
    """No plan keeps every rule of the request.

    ``clashes`` says which rules stand against each other, ``repairs`` which requests near it have a plan. ``settled``: nothing
    else stands in the way; ``searched``: repairs were looked for until there were enough, or none left to try.
    """

    code = "infeasible"
    exit_code = 3

    def __init__(
        self,
        message: str,
        clashes: Iterable[Conflict] = (),
        repairs: Iterable[Repair] = (),
        *,
        settled: bool = True,
        searched: bool = True,
    ) -> None:
        self.clashes: tuple[Conflict, ...] = tuple(clashes)
        self.repairs: tuple[Repair, ...] = tuple(repairs)
        self.settled, self.searched = settled, searched
        super().__init__("\n".join([message, *(f"  - {clash.sentence}" for clash in self.clashes)]))


class SolverError(FleetplanError):
    """The solver stopped without a plan and without a proof."""

    code = "solver"


class CheckFailed(FleetplanError):
    """A plan broke a rule when it was re-evaluated from the raw request."""

    code = "check-failed"

    def __init__(self, violations: Iterable[str]) -> None:
        self.violations: tuple[str, ...] = tuple(violations)
        super().__init__("\n".join(["the plan breaks its rules", *(f"  - {v}" for v in self.violations)]))
