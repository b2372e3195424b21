"""Check what holds between files: references, permit cycles, deployments, currencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from fleetplan.catalogue.tables import FaultLog
from fleetplan.catalogue.types import Catalogue, City, Permit


@dataclass(frozen=True, slots=True)
class _Check:
    """What every check needs; ``whole`` is false where only some cities were read."""

    catalogue: Catalogue
    name: str
    whole: bool
    faults: FaultLog

    def file(self, path: str) -> str:
        return f"{self.name}/{path}"

    def unknown(self, where: str, kind: str, given: str, known: Iterable[str]) -> None:
        """Note a reference to something that does not exist."""
        names = sorted(known)
        near = get_close_matches(given, names, n=3, cutoff=0.5)
        remedy = f"did you mean {' or '.join(near)}?" if near else f"add the {kind}, or remove the reference"
        allowed = ", ".join(names) if len(names) <= _FEW else f"one of {len(names)} ids"
        self.faults.add(where, f"the {kind} {given!r} is unknown", allowed=allowed, remedy=remedy)


_FEW = 30


def exchange_key(currency: str) -> str:
    """Return the key in ``assumptions.toml`` of a currency's rate.

    >>> exchange_key("CHF")
    'fx.CHF'
    """
    return f"fx.{currency}"


def cross_check(catalogue: Catalogue, name: str, *, whole: bool, faults: FaultLog) -> None:
    """Note everything that does not hold between the files of a catalogue; ``name`` is that of its folder."""
    check = _Check(catalogue, name, whole, faults)
    for city in catalogue.cities.values():
        _check_city(check, city)
    _check_ids(check)
    _check_permits(check)
    _check_cycles(check)
    _check_holds(check)
    _check_airports(check)
    _check_covers(check)
    _check_caps(check)
    _check_bars(check)
    _check_pairs(check)


def _check_city(check: _Check, city: City) -> None:
    where = check.file(f"{city.slug}/city.toml: city")
    for slug in city.jurisdictions:
        if slug not in check.catalogue.jurisdictions:
            check.unknown(f"{where}.jurisdictions", "jurisdiction", slug, check.catalogue.jurisdictions)
    rate = exchange_key(city.currency)
    if city.currency and rate not in check.catalogue.assumptions:
        known = ", ".join(
            key.removeprefix("fx.") for key in sorted(check.catalogue.assumptions) if key.startswith("fx.")
        )
        what = f"there is no exchange rate for {city.currency!r}"
        remedy = f"add [{rate}] in assumptions.toml"
        check.faults.add(f"{where}.currency", what, allowed=known or "a currency with a rate", remedy=remedy)
    permits = _permits_of(check.catalogue, city)
    for file, items in (("gateways.csv", city.gateways), ("crossings.csv", city.crossings)):
        for item in items:
            if item.permit and item.permit not in permits:
                check.unknown(check.file(f"{city.slug}/{file}: {item.name}.permit"), "permit", item.permit, permits)


def _permits_of(catalogue: Catalogue, city: City) -> dict[str, Permit]:
    found: dict[str, Permit] = {}
    for slug in city.jurisdictions:
        if slug in catalogue.jurisdictions:
            found.update(catalogue.jurisdictions[slug].permits)
    return found


def _permit_place(check: _Check, permit: Permit, key: str) -> str:
    return check.file(f"jurisdictions/{permit.jurisdiction}.toml: permit[{permit.id}].{key}")


def _all_permits(catalogue: Catalogue) -> dict[str, Permit]:
    return {key: permit for law in catalogue.jurisdictions.values() for key, permit in law.permits.items()}


def _check_ids(check: _Check) -> None:
    """Note permit and event ids that two jurisdictions use."""
    laws = check.catalogue.jurisdictions.values()
    for kind, ids in (
        ("permit", Counter(key for law in laws for key in law.permits)),
        ("event", Counter(key for law in laws for key in law.events)),
    ):
        for key in sorted(key for key, count in ids.items() if count > 1):
            owners = [law.slug for law in laws if key in law.permits or key in law.events]
            what = f"the {kind} id {key!r} stands in {' and '.join(owners)}"
            check.faults.add(check.file("jurisdictions"), what, allowed="an id once in all files", remedy="rename one")


def _check_permits(check: _Check) -> None:
    """Note references to permits and events that no jurisdiction has, or that a city of the permit does not see."""
    permits = _all_permits(check.catalogue)
    events = {key for law in check.catalogue.jurisdictions.values() for key in law.events}
    for permit in permits.values():
        for key, named in _named(permit):
            elsewhere = not check.whole and key == "any_of" and any(name in permits for name in permit.any_of)
            if named not in permits and not elsewhere:
                check.unknown(_permit_place(check, permit, key), "permit", named, permits)
        if permit.event and permit.event not in events:
            check.unknown(_permit_place(check, permit, "event"), "event", permit.event, events)
    for city in check.catalogue.cities.values():
        _check_reach(check, city, permits)


def _references(permit: Permit) -> list[tuple[str, str]]:
    return [
        *(("all_of", name) for name in permit.all_of),
        *(("any_of", name) for name in permit.any_of),
        *(("after_start", name) for name, _ in permit.after_start),
    ]


def _named(permit: Permit) -> list[tuple[str, str]]:
    """Return every permit that a permit names: those it waits for, and those that end its cap."""
    return [*_references(permit), *(("until", name) for name in permit.until)]


def _check_reach(check: _Check, city: City, permits: Mapping[str, Permit]) -> None:
    """Note permits of a city that wait for a permit of a jurisdiction it is not in."""
    seen = _permits_of(check.catalogue, city)
    for permit in seen.values():
        strangers = [(key, name) for key, name in _named(permit) if name in permits and name not in seen]
        if any(name in seen for name in permit.any_of):
            strangers = [(key, name) for key, name in strangers if key != "any_of"]
        for key, name in strangers:
            what = f"{name!r} belongs to {permits[name].jurisdiction}, where {city.slug} is not"
            allowed = f"permits of {', '.join(city.jurisdictions)}"
            check.faults.add(
                _permit_place(check, permit, key), what, allowed=allowed, remedy="name one of the city's own"
            )


def _check_cycles(check: _Check) -> None:
    """Note every cycle of prerequisites, mending each in memory to find the next."""
    graph = {permit.id: {name for _, name in _references(permit)} for permit in _all_permits(check.catalogue).values()}
    while cycle := _first_cycle(graph):
        where = _permit_place(check, _all_permits(check.catalogue)[cycle[-1]], "all_of")
        what = f"the permits wait for each other: {' -> '.join(cycle)}"
        check.faults.add(where, what, allowed="no permit that waits for itself", remedy="remove one prerequisite")
        graph[cycle[-1]].discard(cycle[-2])


def _first_cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return a cycle, each permit followed by one that waits for it; empty when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _check_holds(check: _Check) -> None:
    permits = _all_permits(check.catalogue)
    for stack in check.catalogue.stacks.values():
        for hold in stack.holds:
            if check.whole and hold.permit and hold.permit not in permits:
                where = check.file(f"partners/{stack.slug}.toml: holds[{hold.permit}].permit")
                check.unknown(where, "permit", hold.permit, permits)
        for there in stack.driver_out:
            if check.whole and there.jurisdiction and there.jurisdiction not in check.catalogue.jurisdictions:
                where = check.file(f"partners/{stack.slug}.toml: driver_out[{there.place}].jurisdiction")
                check.unknown(where, "jurisdiction", there.jurisdiction, check.catalogue.jurisdictions)
        if stack.supply_line and stack.supply_line not in check.catalogue.supply_lines:
            where = check.file(f"partners/{stack.slug}.toml: supply.placeable.line")
            check.unknown(where, "supply line", stack.supply_line, check.catalogue.supply_lines)


def _check_airports(check: _Check) -> None:
    for permit in _all_permits(check.catalogue).values():
        cities = [city for city in check.catalogue.cities.values() if permit.jurisdiction in city.jurisdictions]
        gateways = {gateway.name for city in cities for gateway in city.gateways}
        for name in permit.airports if check.whole else ():
            if name not in gateways:
                check.unknown(_permit_place(check, permit, "airport"), "gateway", name, gateways)


def _check_covers(check: _Check) -> None:
    """Note areas that a permit or a hold names and no city under its law has."""
    permits = _all_permits(check.catalogue)
    named = [(_permit_place(check, p, "covers"), p, p.covers) for p in permits.values()]
    for stack in check.catalogue.stacks.values():
        place = check.file(f"partners/{stack.slug}.toml: holds")
        known = (hold for hold in stack.holds if hold.permit in permits)
        named += [(f"{place}[{hold.permit}].covers", permits[hold.permit], hold.covers) for hold in known]
    for where, permit, covers in named if check.whole else ():
        cities = [city for city in check.catalogue.cities.values() if permit.jurisdiction in city.jurisdictions]
        areas = {area.name for city in cities for area in city.areas} | {city.name for city in cities}
        for name in covers:
            if name not in areas:
                check.unknown(where, "area", name, areas)


def _check_caps(check: _Check) -> None:
    """Note events that change a cap which is not there, or raise one that holds at a time: that is what ``until`` is for."""
    permits = _all_permits(check.catalogue)
    events = [e for law in check.catalogue.jurisdictions.values() for e in law.events.values()]
    for event, permit_id, vehicles in ((e, p, v) for e in events for p, v in e.caps):
        where, permit = (
            check.file(f"jurisdictions/{event.jurisdiction}.toml: event[{event.id}].caps"),
            permits.get(permit_id),
        )
        if permit is None:
            check.unknown(where, "permit", permit_id, permits)
        elif not permit.fleet_cap:
            what = f"permit {permit_id} has no cap that could change"
            check.faults.add(where, what, allowed="permits with a fleet_cap", remedy="take it out, or give the cap")
        elif permit.fleet_cap_kind == "concurrent" and not permit.opens.startswith(("paid_", "unpaid_")):
            what = f"permit {permit_id} opens no service to riders"
            check.faults.add(where, what, allowed="permits that open one", remedy="take it out")
        elif permit.fleet_cap_kind != "type_year" and not 0 < vehicles < permit.fleet_cap:
            what = f"{vehicles} vehicles are no fewer than the {permit.fleet_cap} that {permit_id} allows at a time"
            check.faults.add(
                where, what, allowed="fewer, 1 at least", remedy="a cap at a time ends with a permit: until"
            )


def _check_bars(check: _Check) -> None:
    """Note countries that an event bars and no stack comes from."""
    origins = {stack.origin for stack in check.catalogue.stacks.values()}
    for law in check.catalogue.jurisdictions.values():
        for event in law.events.values():
            for country in event.bars if check.whole else ():
                if country not in origins:
                    where = check.file(f"jurisdictions/{law.slug}.toml: event[{event.id}].bars")
                    check.unknown(where, "origin of a stack", country, origins)


def _check_pairs(check: _Check) -> None:
    """Note deployments of unknown stacks and cities, and stacks and cities without a deployment."""
    catalogue = check.catalogue
    where = check.file("deployments.csv")
    for stack, city in catalogue.deployments:
        if stack and stack not in catalogue.stacks:
            check.unknown(f"{where}: {stack}, {city}", "stack", stack, catalogue.stacks)
        if city and city not in catalogue.cities:
            check.unknown(f"{where}: {stack}, {city}", "city", city, catalogue.cities)
    for stack in catalogue.stacks:
        for city in catalogue.cities:
            if (stack, city) not in catalogue.deployments:
                what = f"there is no row for stack {stack} in city {city}"
                check.faults.add(where, what, allowed="a row for every stack and city", remedy="add the row")
