"""The catalogue as the request wants it: figure overrides applied, by code of the checker's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fleetplan.catalogue.types import Catalogue, Figure, Jurisdiction
from fleetplan.plans.check.report import Violation, say
from fleetplan.request import FigureOverride

ASKED = "the request"
MINDED = "vehicles_per_remote_operator"


def _changed(figure: Figure, override: FigureOverride) -> Figure:
    """Return a figure as the request has it: its own number, and no source but itself."""
    return replace(_numbers(figure, override), source=ASKED, confidence="assumed")


def _numbers(figure: Figure, override: FigureOverride) -> Figure:
    if override.factor is not None:
        scaled = tuple(v * override.factor for v in figure.values)
        return replace(figure, value=figure.value * override.factor, values=scaled)
    if override.values is not None:
        return replace(figure, value=sum(override.values) / len(override.values), values=tuple(override.values))
    if override.value is None:
        return figure
    return replace(figure, value=override.value, values=tuple(override.value for _ in figure.values))


def _apply(figures: Mapping[str, Figure], overrides: Mapping[str, FigureOverride]) -> dict[str, Figure]:
    return {
        name: _changed(figure, overrides[figure.key]) if figure.key in overrides else figure
        for name, figure in figures.items()
    }


def with_overrides(catalogue: Catalogue, overrides: Sequence[FigureOverride]) -> Catalogue:
    """Return the catalogue with the request's figures in place of its own."""
    by_key = {override.figure: override for override in overrides}
    return replace(
        catalogue,
        economics=_apply(catalogue.economics, by_key),
        assumptions=_apply(catalogue.assumptions, by_key),
        cities={k: replace(c, figures=_apply(c.figures, by_key)) for k, c in catalogue.cities.items()},
        stacks={k: replace(s, figures=_apply(s.figures, by_key)) for k, s in catalogue.stacks.items()},
        jurisdictions={k: _with_numbers(law, by_key) for k, law in catalogue.jurisdictions.items()},
    )


def _with_numbers(law: Jurisdiction, overrides: Mapping[str, FigureOverride]) -> Jurisdiction:
    """Return a law with the request's vehicles allowed, and vehicles for a remote operator, in its permits."""
    permits = {}
    for permit_id, permit in law.permits.items():
        key = f"jurisdictions/{law.slug}.toml#{permit_id}."
        cap, minded = (_number(overrides.get(key + name), getattr(permit, name)) for name in ("fleet_cap", MINDED))
        permits[permit_id] = replace(permit, fleet_cap=round(cap), vehicles_per_remote_operator=minded)
    return replace(law, permits=permits)


def _number(override: FigureOverride | None, own: float) -> float:
    if override is None:
        return own
    if override.factor is not None:
        return own * override.factor
    return own if override.value is None else override.value


def check_overrides(catalogue: Catalogue, overrides: Sequence[FigureOverride]) -> Iterator[Violation]:
    """Yield every override whose figure the catalogue does not hold."""
    groups = [catalogue.economics, catalogue.assumptions]
    groups += [c.figures for c in catalogue.cities.values()] + [s.figures for s in catalogue.stacks.values()]
    known = {figure.key for group in groups for figure in group.values()}
    for slug, law in catalogue.jurisdictions.items():
        known |= {
            f"jurisdictions/{slug}.toml#{permit}.{name}" for permit in law.permits for name in ("fleet_cap", MINDED)
        }
    for override in overrides:
        if override.figure not in known:
            yield Violation("overrides", override.figure, say("the catalogue holds no such figure"), 1.0)
