"""Where a permit waits for the earlier of several that belong to programmes begun apart, each of them is a way of its own.

Months add and maxima commute, so along one way a permit is in hand once every programme has begun by a month of its own. A
minimum over several programmes has no such form, but "in hand along one of the ways" says the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from dataclasses import replace

from fleetplan.catalogue.types import Permit
from fleetplan.permits.paths import CITY, PermitPath


def ways(path: PermitPath, targets: Iterable[str], apart: Collection[str]) -> list[PermitPath]:
    """Return the paths to some permits on which nothing waits for the earlier of two programmes.

    Parameters
    ----------
    targets
        Permits to be in hand.
    apart
        Wider programmes that begin apart from the city's own.
    """
    open_choices = [p for p in _needed(path, targets) if len(_programmes(path, p.any_of, apart)) > 1]
    if not open_choices:
        return [path]
    known = {p.id: [other for other in p.any_of if other in path.permits] for p in open_choices}
    found = []
    for chosen in itertools.product(*known.values()):
        only = {p: replace(path.permits[p], any_of=(one,)) for p, one in zip(known, chosen, strict=True)}
        found.append(replace(path, permits={**path.permits, **only}))
    return found


def _needed(path: PermitPath, targets: Iterable[str]) -> list[Permit]:
    """Return permits and all that they wait for, once each; what is held or begun waits for nothing."""
    seen: dict[str, Permit] = {}
    left = list(targets)
    while left:
        name = left.pop()
        if name in seen or name not in path.permits:
            continue
        permit = seen[name] = path.permits[name]
        if name not in path.held and name not in path.begun:
            left += [*permit.all_of, *permit.any_of, *(p for p, _ in permit.after_start)]
    return list(seen.values())


def _programmes(path: PermitPath, either: Iterable[str], apart: Collection[str]) -> set[str]:
    """Return the programmes that alternatives wait for, if there are several alternatives."""
    known = [p for p in either if p in path.permits]
    needed = _needed(path, known) if len(known) > 1 else []
    own = [path.programme(p) for p in needed if p.id not in path.held and p.id not in path.begun]
    return {name if name in apart else CITY for name in own if name != "platform"}
