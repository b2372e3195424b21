"""Supply lines: what a plant builds, and for whom: stacks that may be placed, rivals of a city."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fleetplan.catalogue.types import Catalogue


@dataclass(frozen=True, slots=True)
class SupplyLine:
    """A plant or programme behind the supply, kept as documented facts (text columns as they stand)."""

    line: str
    fields: Mapping[str, str]

    @property
    def capacity_per_year(self) -> float:
        """Vehicles (or whatever it makes) that it can build a year for all its customers; 0 where no number is known."""
        return self._number("capacity_per_year")

    @property
    def output_per_year(self) -> float:
        """What it builds a year today, for whomever; 0 where no number is known."""
        return self._number("current_output_per_year")

    @property
    def break_even(self) -> float:
        """The share of its capacity at which it breaks even; 0 where none is published."""
        return self._number("break_even_utilisation")

    @property
    def builds_vehicles(self) -> bool:
        """Whether it builds vehicles: neither parts only, nor nothing (a rule, a loan)."""
        return self.fields.get("builds", "vehicles") == "vehicles"

    def _number(self, column: str) -> float:
        return float(self.fields.get(column) or 0.0)


def feeds(catalogue: Catalogue, line: str) -> list[str]:
    """Return the stacks whose vehicles a line builds, by slug."""
    return sorted(slug for slug, stack in catalogue.stacks.items() if line and stack.supply_line == line)


def rivals_served(catalogue: Catalogue, line: str, city: str) -> list[str]:
    """Return the rivals of a city whose cars a line builds, by name: those of the partners of the rival stacks that it feeds."""
    makers = {catalogue.stacks[slug].partner for slug in feeds(catalogue, line) if catalogue.stacks[slug].rival}
    known = [rival.name for rival in catalogue.cities[city].rivals]
    return [name for name in known if any(name == maker or name.startswith(f"{maker} ") for maker in makers)]
