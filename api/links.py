"""Where to go from a plan: the addresses of everything that belongs to it, as others reach them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from api.prefix import at
from api.store.contract import PlanRow

TABLE_NAMES = ("launches", "fleets", "permits", "trips", "money", "cash", "results", "returns", "depots", "stacks")


class Links(BaseModel):
    """Where to go from a plan."""

    model_config = ConfigDict(frozen=True)

    self: str
    events: str
    cancel: str
    reruns: str
    explanation: str
    export: str
    map: str
    tables: dict[str, str]
    cities: str
    comparison: str
    simulations: str
    evaluations: str
    calendar: str
    card: str
    comments: str
    parent: str | None


def links_of(row: PlanRow) -> Links:
    """Return the addresses that belong to a plan."""
    here = at(f"/v1/plans/{row.id}")
    return Links(
        self=here,
        events=f"{here}/events",
        cancel=f"{here}/cancel",
        reruns=f"{here}/reruns",
        explanation=f"{here}/explanation",
        export=f"{here}/export",
        map=f"{here}/map",
        tables={name: f"{here}/tables/{name}" for name in TABLE_NAMES},
        cities=f"{here}/cities/{{city}}",
        comparison=f"{here}/comparison{{?with}}",
        simulations=f"{here}/simulations",
        evaluations=f"{here}/evaluations",
        calendar=f"{here}/calendar",
        card=f"{here}/card",
        comments=f"{here}/comments",
        parent=None if row.parent is None else at(f"/v1/plans/{row.parent}"),
    )
