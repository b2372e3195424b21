"""Replace figures of the catalogue by a request's own values, within what the catalogue's own files may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from shapely.geometry import Point

from fleetplan.catalogue.figures import permit_numbers
from fleetplan.catalogue.law import Jurisdiction
from fleetplan.catalogue.ranges import Wrong, spec_of_figure, wrong_numbers, wrong_profile
from fleetplan.catalogue.types import REQUEST_SOURCE, Catalogue, City, Figure
from fleetplan.errors import Fault, nearest
from fleetplan.request import FigureOverride

_FEW = 3
AIRPORTS = "market.airport_share"
"""A figure that a city's observed trips stand in for."""


def apply_overrides(catalogue: Catalogue, changes: Sequence[FigureOverride | None]) -> tuple[Catalogue, list[Fault]]:
    """Return the catalogue with the changes applied, and every fault among them (then nothing is changed).

    Entries that could not be read are None; nothing is said about them.
    """
    if not changes:
        return catalogue, []
    groups = [catalogue.economics, catalogue.assumptions]
    groups += [c.figures for c in catalogue.cities.values()]
    groups += [s.figures for s in catalogue.stacks.values()]
    known = {f.key: f for group in groups for f in group.values()}
    known |= {f.key: f for law in catalogue.jurisdictions.values() for f in permit_numbers(law)}
    counted = {
        c.figures[AIRPORTS].key: c
        for c in catalogue.cities.values()
        if c.observed is not None and AIRPORTS in c.figures and not _airport_share_is_read(c)
    }
    given = [(i, change) for i, change in enumerate(changes) if change is not None and hasattr(change, "figure")]
    faults = [*_twice(given)]
    for i, change in given:
        faults += (
            _unknown(i, change, known) or _counted(i, change, counted) or _out_of_range(i, change, known[change.figure])
        )
    if faults:
        return catalogue, sorted(faults, key=lambda fault: int(fault.where.split("/")[2]))
    by_key = {change.figure: change for _, change in given}
    changed = replace(
        catalogue,
        cities={k: replace(c, figures=_changed(c.figures, by_key)) for k, c in catalogue.cities.items()},
        stacks={k: replace(s, figures=_changed(s.figures, by_key)) for k, s in catalogue.stacks.items()},
        economics=_changed(catalogue.economics, by_key),
        assumptions=_changed(catalogue.assumptions, by_key),
        jurisdictions={k: _law_changed(law, by_key) for k, law in catalogue.jurisdictions.items()},
    )
    return changed, []


def _changed(figures: Mapping[str, Figure], by_key: Mapping[str, FigureOverride]) -> dict[str, Figure]:
    return {name: _overridden(f, by_key[f.key]) if f.key in by_key else f for name, f in figures.items()}


def _law_changed(law: Jurisdiction, by_key: Mapping[str, FigureOverride]) -> Jurisdiction:
    """Return a law whose permits have the numbers that the request gives them."""
    given = [figure for figure in permit_numbers(law) if figure.key in by_key]
    permits = dict(law.permits)
    for figure in given:
        permit_id, _, name = figure.key.partition("#")[2].rpartition(".")
        (number,) = _numbers(figure, by_key[figure.key])
        own = permits[permit_id]
        capped = name == "fleet_cap"
        permits[permit_id] = (
            replace(own, fleet_cap=round(number)) if capped else replace(own, vehicles_per_remote_operator=number)
        )
    return replace(law, permits=permits) if given else law


def _overridden(figure: Figure, change: FigureOverride) -> Figure:
    note = change.why or f"replaces {figure.value:g} {figure.unit} of the catalogue"
    values = _numbers(figure, change)
    return replace(
        figure,
        value=fmean(values),
        values=values if figure.values else (),
        source=REQUEST_SOURCE,
        confidence="assumed",
        note=note,
        low=None,
        high=None,
    )


def _numbers(figure: Figure, change: FigureOverride) -> tuple[float, ...]:
    """Return the numbers that a figure has with a change, a single one as a tuple of one."""
    if change.factor is not None:
        return tuple(v * change.factor for v in figure.values or (figure.value,))
    return tuple(change.values) if change.values is not None else (float(change.value or 0.0),)


def _twice(given: Sequence[tuple[int, FigureOverride]]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for i, change in given:
        if first.setdefault(change.figure, i) != i:
            what = f"{change.figure} is overridden by /overrides/{first[change.figure]} already"
            yield Fault(f"/overrides/{i}/figure", what, "each figure once", "take one of the two out")


def _unknown(index: int, change: FigureOverride, known: Mapping[str, Figure]) -> list[Fault]:
    if change.figure in known:
        return []
    remedy = _meant(change.figure, known) or "write file and key, like zurich/city.toml#market.mean_fare_local"
    what = f"no figure of the catalogue is called {change.figure!r}"
    return [Fault(f"/overrides/{index}/figure", what, "a figure's key", remedy)]


def _airport_share_is_read(city: City) -> bool:
    """Return whether a share of an airport out of reach comes off a city's trips: its counted trips say nothing of that one."""
    outline = next((o.polygon for o in city.outlines if o.kind == "outline"), None)
    airports = [g for g in city.gateways if g.kind == "airport" and g.trip_share is None]
    return outline is None or any(not outline.covers(Point(g.lon, g.lat)) for g in airports)


def _counted(index: int, change: FigureOverride, counted: Mapping[str, City]) -> list[Fault]:
    """Refuse a figure that nothing reads in a city whose trips were counted: its table says it."""
    if change.figure not in counted:
        return []
    what = f"{change.figure} follows from the observed trips of {counted[change.figure].name}: nothing reads it there"
    return [Fault(f"/overrides/{index}/figure", what, "a figure that the plan reads", "take it out")]


def _meant(given: str, known: Iterable[str]) -> str:
    """Return which figures somebody meant: the file first, then the name in it, which is quicker than all keys at once."""
    file, _, name = given.rpartition("#")
    keys = [key.partition("#") for key in known]
    files = {f for f, _, _ in keys}
    file = file if file in files else next(iter(nearest(file.removesuffix(".toml"), files, most=1)), "")
    by_name: dict[str, list[str]] = {}
    for f, mark, n in keys:
        if file in {"", f}:
            by_name.setdefault(n, []).append(f + mark + n)
    meant = [key for near in nearest(name, by_name) for key in by_name[near]][:_FEW]
    return f"did you mean {' or '.join(meant)}?" if meant else ""


def _out_of_range(index: int, change: FigureOverride, figure: Figure) -> list[Fault]:
    where = f"/overrides/{index}"
    if change.value is None and change.values is None and change.factor is None:
        return []  # what could not be read is told elsewhere
    if figure.values and change.value is not None:
        need = f"{len(figure.values)} numbers"
        return [
            Fault(f"{where}/value", f"{figure.key} is a list of {need}", f"values: {need}, or factor", "write values")
        ]
    if change.values is not None and len(change.values) != len(figure.values):
        need = f"{len(figure.values)} numbers" if figure.values else "one number"
        remedy = f"write {need}" if figure.values else "write value: with that number"
        return [Fault(f"{where}/values", f"{figure.key} is given {len(change.values)} numbers", need, remedy)]
    spec, numbers = spec_of_figure(figure), _numbers(figure, change)
    key = "factor" if change.factor is not None else "values" if figure.values else "value"
    wrong = [*wrong_numbers(spec, numbers)] or [*wrong_profile(spec, numbers)]
    return [Fault(f"{where}/{key}", *_told(figure, change, item)) for item in wrong[:1]]


def _told(figure: Figure, change: FigureOverride, wrong: Wrong) -> tuple[str, str, str]:
    """Return what is wrong with a figure's numbers, what is allowed and what to write."""
    if change.factor is None:
        return f"{figure.key}: {wrong.what}", wrong.allowed, wrong.remedy
    what = f"{figure.key}: {change.factor:g} times the catalogue's {figure.value:g} {figure.unit}: {wrong.what}"
    remedy = _factors(figure) or "write values, which the factor cannot give"
    return what, wrong.allowed, remedy


def _factors(figure: Figure) -> str:
    """Return in words which factors keep a figure of one number within its range; empty where that is no remedy."""
    spec = spec_of_figure(figure)
    if figure.values or figure.value <= 0 or spec.whole:
        return ""
    return f"write a factor from {spec.low / figure.value:.3g} to {spec.high / figure.value:.3g}"
