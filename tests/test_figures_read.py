"""Every figure of the catalogue is read: a rule, a money line or the curves name it, and its words say which."""

from __future__ import annotations

import csv
import re
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.figures import permit_numbers, trace
from fleetplan.catalogue.law import Event, Permit
from fleetplan.catalogue.lines import SupplyLine
from fleetplan.catalogue.schema import LINE_NUMBERS
from fleetplan.catalogue.types import Catalogue, DepotSite, District, Gateway, HotSpot, Published
from fleetplan.request.parts import FigureOverride
from fleetplan.words.figures import words_of

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("demand", "economics", "explain", "geography", "optimize", "permits", "plans", "service", "simulate")
"""Where figures come to something; who loads, shows and names them reads none of them."""

TOLD = {"chance", "population_year", "months_from", "months_to", "lat", "lon"}
"""Numbers that are told beside others, or say of what others speak."""


@cache
def code() -> str:
    return "\n".join(
        p.read_text(encoding="utf-8") for room in ROOMS for p in sorted((ROOT / "fleetplan" / room).rglob("*.py"))
    )


def is_read(key: str) -> bool:
    """Return whether code that computes names a figure: by its key, by the part of it behind the table, or as an attribute."""
    file, _, inner = key.partition("#")
    name = inner.rpartition(".")[2]
    if file.endswith(".csv") and file != "economics.csv":
        return re.search(rf"\.{name}\b", code()) is not None
    if file.startswith("jurisdictions/"):
        return re.search(rf"\.{name}(_likely)?\b|\"{name}\"", code()) is not None
    table = inner.partition(".")[0]
    if table in {"fx", "slip"}:
        return f'f"{table}.{{' in code()
    return any(f'"{written}"' in code() for written in (inner, inner.partition(".")[2])) or _by_kind(inner)


def _by_kind(inner: str) -> bool:
    """Return whether a figure is read by the kind of thing that it is of: ``f"{key}_vehicles_per_month"``."""
    return any(f'_{tail}"' in code() and inner.endswith(tail) for tail in ("share_per_month", "vehicles_per_month"))


def unread(catalogue: Catalogue) -> list[str]:
    """Return the figures that nothing reads, or of which nothing says what reads them."""
    return [f.key for f in trace(catalogue) if not (is_read(f.key) and words_of(f.key).use)]


def test_every_figure_is_read_and_says_by_what():
    assert not unread(load_catalogue())


def test_a_figure_that_nothing_reads_is_found():
    catalogue = load_catalogue()
    own, stack = catalogue.assumptions["terminal.years"], catalogue.stacks["zoox-pod"]
    idle = replace(own, key="assumptions.toml#finance.colour_of_money")
    seats = replace(own, key="partners/zoox-pod.toml#vehicle.seats")
    more = replace(
        catalogue,
        assumptions={**catalogue.assumptions, "finance.colour_of_money": idle},
        stacks={**catalogue.stacks, "zoox-pod": replace(stack, figures={**stack.figures, "vehicle.seats": seats})},
    )
    assert unread(more) == [idle.key, seats.key]


def test_a_request_can_name_every_figure():
    """The longest keys are those of districts and of what a law asks of remote operators."""
    catalogue = load_catalogue()
    numbers = [f.key for law in catalogue.jurisdictions.values() for f in permit_numbers(law)]
    for key in (*(f.key for f in trace(catalogue)), *numbers):
        assert FigureOverride(figure=key, value=1.0).figure == key


def test_every_number_of_permits_events_and_rows_is_read():
    for kind in (Permit, Event, District, HotSpot, Gateway, DepotSite, Published):
        numbers = [f.name for f in fields(kind) if re.search(r"\b(float|int)\b", str(f.type)) and f.name not in TOLD]
        unread_here = [name for name in numbers if not re.search(rf"\.{name}\b|\"{name}\"", code())]
        assert not unread_here, kind.__name__


def test_every_number_of_a_supply_line_is_read():
    with (ROOT / "cities" / "supply_lines.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    numeric = {
        name
        for name in rows[0]
        if name != "start_date" and any(re.fullmatch(r"[\d.]+", row[name] or "") for row in rows)
    }
    assert numeric == set(LINE_NUMBERS)
    assert all(f'"{name}"' in code() for name in numeric)
    assert SupplyLine("x", {"capacity_per_year": "9"}).capacity_per_year == 9
