"""What a request may ask of supply lines: lines that build vehicles, for whom they build them, and each thing once."""

from __future__ import annotations

from collections.abc import Iterable

from fleetplan.catalogue.lines import feeds, rivals_served
from fleetplan.catalogue.types import Catalogue, SupplyLine
from fleetplan.request import AnyConstraint
from fleetplan.request.imposed import LineChange
from fleetplan.scope.admission import Admission
from fleetplan.scope.names import Names

_DROP = "take the constraint out"


def check_lines(items: Iterable[tuple[int, AnyConstraint]], admission: Admission | None, names: Names) -> None:
    """Note lines that build no vehicles or none for anybody planned, more than a plant has room for, and what is said twice.

    ``admission`` is nothing where it cannot be read.
    """
    first: dict[tuple[str, str], int] = {}
    for i, item in items:
        if not isinstance(item, LineChange) or not (name := getattr(item, "line", "")):
            continue
        where, stack = f"/constraints/{i}", getattr(item, "stack", None) or ""
        of = ("stack", stack) if stack else ("line", name)
        if first.setdefault(of, i) != i:
            what = f"{of[1]} is told where it is built, or when, by /constraints/{first[of]} already"
            names.add(f"{where}/{of[0]}", what, "each once", _DROP)
        _check(item, where, admission, names)


def _check(item: LineChange, where: str, admission: Admission | None, names: Names) -> None:
    line = names.catalogue.supply_lines.get(item.line)
    if line is None:
        return
    stack, at = getattr(item, "stack", None), f"{where}/line"
    if not line.builds_vehicles:
        able = [other.line for other in names.catalogue.supply_lines.values() if other.builds_vehicles]
        names.add(at, f"{line.line} builds no vehicles: it is documented only", ", ".join(able), _DROP)
    elif stack:
        _check_room(item, line, where, names)
    elif admission is not None and not _served(line.line, names.catalogue, admission):
        what = (
            f"{line.line} feeds no robotaxi that is planned, and no rival in the planned cities: it is documented only"
        )
        fed = [name for name in names.catalogue.supply_lines if _served(name, names.catalogue, admission)]
        names.add(at, what, ", ".join(fed) or "none", "name the stack that is built there, with its start")


def _served(line: str, catalogue: Catalogue, admission: Admission) -> bool:
    planned = {stack for stack, _ in admission.planned}
    return bool(planned & set(feeds(catalogue, line))) or any(
        rivals_served(catalogue, line, c) for c in admission.cities
    )


def _check_room(item: LineChange, line: SupplyLine, where: str, names: Names) -> None:
    """Note more vehicles a year than a plant of known size has room for."""
    others, own = getattr(item, "others_per_year", None), getattr(item, "vehicles_per_year", None)
    built = line.output_per_year if others is None else others
    room = max(0.0, line.capacity_per_year - built)
    if line.capacity_per_year and (own or 0) > room:
        what = f"{line.line} builds {line.capacity_per_year:,.0f} a year and {built:,.0f} for others"
        names.add(f"{where}/vehicles_per_year", f"is {own:,}: {what}", f"0 to {room:,.0f}", "write fewer")
