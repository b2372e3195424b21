"""Replace figures of the catalogue by a request's own values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from statistics import fmean

from fleetplan.catalogue.types import Catalogue, Figure
from fleetplan.errors import Fault
from fleetplan.request import FigureOverride

REQUEST_SOURCE = "the request"


def _overridden(figure: Figure, change: FigureOverride) -> Figure:
    note = change.why or f"replaces {figure.value:g} {figure.unit} of the catalogue"
    common = {"source": REQUEST_SOURCE, "confidence": "assumed", "note": note, "low": None, "high": None}
    if change.factor is not None:
        values = tuple(v * change.factor for v in figure.values)
        return replace(figure, value=figure.value * change.factor, values=values, **common)  # type: ignore[arg-type]
    if change.values is not None:
        return replace(figure, value=fmean(change.values), values=tuple(change.values), **common)  # type: ignore[arg-type]
    return replace(figure, value=float(change.value or 0.0), **common)  # type: ignore[arg-type]


def _changed(figures: Mapping[str, Figure], by_key: Mapping[str, FigureOverride]) -> dict[str, Figure]:
    return {name: _overridden(f, by_key[f.key]) if f.key in by_key else f for name, f in figures.items()}


def _fault(index: int, change: FigureOverride, known: Mapping[str, Figure]) -> Fault | None:
    where = f"/overrides/{index}"
    figure = known.get(change.figure)
    if figure is None:
        near = get_close_matches(change.figure, known, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "list the keys with `fleetplan cities show CITY`"
        return Fault(f"{where}/figure", f"{change.figure!r} is no figure of the catalogue", "a figure's key", hint)
    if figure.values and change.value is not None:
        return Fault(where, f"{change.figure} is a list of {len(figure.values)} numbers", "values or factor")
    if change.values is not None and len(change.values) != len(figure.values):
        need = f"{len(figure.values)} numbers" if figure.values else "one number: use value"
        return Fault(where, f"{change.figure} is given {len(change.values)} numbers", need)
    if figure.unit in {"share", "fraction"} and change.value is not None and not 0 <= change.value <= 1:
        return Fault(where, f"{change.figure} is a share but is given {change.value:g}", "0 to 1")
    return None


def apply_overrides(catalogue: Catalogue, changes: Sequence[FigureOverride]) -> tuple[Catalogue, list[Fault]]:
    """Return the catalogue with the changes applied, and every fault among them (then nothing is changed)."""
    if not changes:
        return catalogue, []
    groups = [catalogue.economics, catalogue.assumptions]
    groups += [c.figures for c in catalogue.cities.values()]
    groups += [s.figures for s in catalogue.stacks.values()]
    known = {f.key: f for group in groups for f in group.values()}
    faults = [fault for i, change in enumerate(changes) if (fault := _fault(i, change, known)) is not None]
    if faults:
        return catalogue, faults
    by_key = {change.figure: change for change in changes}
    changed = replace(
        catalogue,
        cities={k: replace(c, figures=_changed(c.figures, by_key)) for k, c in catalogue.cities.items()},
        stacks={k: replace(s, figures=_changed(s.figures, by_key)) for k, s in catalogue.stacks.items()},
        economics=_changed(catalogue.economics, by_key),
        assumptions=_changed(catalogue.assumptions, by_key),
    )
    return changed, []
