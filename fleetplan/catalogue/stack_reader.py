"""Read one partner file: a driving system on a vehicle platform, its contract and its supply."""

from __future__ import annotations

from typing import Final, Literal

from fleetplan.catalogue.figure_reader import read_figures
from fleetplan.catalogue.files import Files
from fleetplan.catalogue.schema import PLATFORM_PAYS, STACK_FIGURES
from fleetplan.catalogue.tables import Table, provenance
from fleetplan.catalogue.types import DriverOut, Hold, Stack

_CONTRACTS: Final[tuple[Literal["own_and_license", "fixed_fee", "revenue_share", "sale_license_share"], ...]] = (
    "own_and_license",
    "fixed_fee",
    "revenue_share",
    "sale_license_share",
)
_STATES: Final[tuple[Literal["held", "begun"], ...]] = ("held", "begun")
_SERVICES: Final[tuple[Literal["paid", "free", "tests"], ...]] = ("paid", "free", "tests")
_SEATING: Final = ("yes", "no", "unknown", "na")
_ABILITY: Final = ("yes", "limited", "no")
_LONGEST_LEAD: Final = 120


def read_stack(files: Files, slug: str) -> Stack | None:
    """Return the stack of a file; nothing when it cannot be read."""
    file = f"partners/{slug}.toml"
    root = files.toml(file)
    if root is None:
        return None
    head, vehicle, contract, supply = (root.part(name) for name in ("stack", "vehicle", "contract", "supply"))
    given = head.text("slug")
    if given and given != slug:
        head.fault("slug", f"{given!r} is not the name of its file", repr(slug), "rename the file or the slug")
    stack = Stack(
        slug=slug,
        partner=head.text("partner"),
        platform=head.text("platform"),
        origin=head.text("origin"),
        aliases=head.texts("aliases"),
        rival=head.flag("rival"),
        rhd=vehicle.choice("rhd", _SEATING),
        lhd=vehicle.choice("lhd", _SEATING),
        snow_ok=vehicle.choice("snow_ok", _ABILITY),
        highway_ok=vehicle.choice("highway_ok", _ABILITY),
        electric=vehicle.flag("electric"),
        contract_type=contract.choice("type", _CONTRACTS),
        platform_pays=_platform_pays(contract),
        exclusive=contract.flag("exclusive"),
        contract_notes=contract.note("notes"),
        lead_months=supply.whole("lead_months", 0, _LONGEST_LEAD),
        supply_line=_supply_line(supply),
        holds=tuple(_hold(table) for table in root.parts("holds", "permit")),
        figures=read_figures(root, file, STACK_FIGURES),
        notes=head.note("notes"),
        operator_seat=vehicle.flag("operator_seat"),
        driver_out=tuple(_driver_out(table) for table in root.parts("driver_out", "place")),
    )
    root.close()
    _check_charging(vehicle, stack)
    return stack


def _check_charging(vehicle: Table, stack: Stack) -> None:
    figure = stack.figures.get("vehicle.battery_kwh")
    if stack.electric and figure is not None and figure.value < 1:
        what = f"an electric vehicle has {figure.value:g}"
        vehicle.fault("battery_kwh", what, "a number from 1", "mend it, or electric = false")


def _platform_pays(contract: Table) -> frozenset[str]:
    items = contract.texts("platform_pays")
    for item in items:
        if item not in PLATFORM_PAYS:
            contract.fault("platform_pays", f"{item!r} is no cost", ", ".join(PLATFORM_PAYS), "choose one of them")
    return frozenset(items)


def _supply_line(supply: Table) -> str:
    """Return the plant behind the supply, which stands beside the schedule."""
    return supply.part("placeable").note("line")


def _driver_out(table: Table) -> DriverOut:
    source, confidence = provenance(table)
    return DriverOut(
        place=table.text("place"),
        country=table.text("country"),
        jurisdiction=table.note("jurisdiction"),
        since=table.month("since"),
        service=table.choice("service", _SERVICES),
        source=source,
        confidence=confidence,
    )


def _hold(table: Table) -> Hold:
    source, confidence = provenance(table)
    state = table.choice("state", _STATES)
    begun = table.month("begun") if state == "begun" else table.note("begun")
    covers = table.texts("covers") if table.holds("covers") else ()
    return Hold(table.text("permit"), state, begun, source, confidence, covers)
