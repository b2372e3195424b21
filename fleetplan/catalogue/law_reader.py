"""Read one jurisdiction: its permits and its calendar events."""

from __future__ import annotations

from typing import Final, Literal

from fleetplan.catalogue.files import Files
from fleetplan.catalogue.law import Basis, Event, Jurisdiction, Permit
from fleetplan.catalogue.schema import LAW_FIGURES, OPENS
from fleetplan.catalogue.tables import Table, provenance
from fleetplan.months import month_number

_LEVELS: Final[tuple[Literal["union", "state", "city"], ...]] = ("union", "state", "city")
_HOLDERS: Final[tuple[Literal["stack", "platform"], ...]] = ("stack", "platform")
_NEEDED_BY: Final[tuple[Literal["every", "no_operator_seat"], ...]] = ("every", "no_operator_seat")
_CAP_KINDS: Final = ("concurrent", "shared_quota", "type_year")
_MODES: Final = tuple(mode for mode in OPENS if mode.startswith(("paid_", "unpaid_")))
_LONGEST_MONTHS: Final = 240
REMOTE: Final = LAW_FIGURES["vehicles_per_remote_operator"]
MOST_CAPPED: Final = round(LAW_FIGURES["fleet_cap"].high)
BASES: Final[tuple[Basis, ...]] = ("promised", "judged")


def read_jurisdiction(files: Files, slug: str) -> Jurisdiction | None:
    """Return the jurisdiction of a file; nothing when it cannot be read."""
    root = files.toml(f"jurisdictions/{slug}.toml")
    if root is None:
        return None
    head = root.part("jurisdiction")
    given = head.text("slug")
    if given and given != slug:
        head.fault("slug", f"{given!r} is not the name of its file", repr(slug), "rename the file or the slug")
    permits = [_permit(table, slug) for table in root.parts("permit", "id")]
    events = [_event(table, slug) for table in root.parts("event", "id")]
    found = Jurisdiction(
        slug=slug,
        name=head.text("name"),
        level=head.choice("level", _LEVELS),
        permits={permit.id: permit for permit in permits},
        events={event.id: event for event in events},
        permissive=head.flag("permissive") if head.holds("permissive") else False,
    )
    _check_ids(root, "permit", [permit.id for permit in permits])
    _check_ids(root, "event", [event.id for event in events])
    head.note()
    root.close()
    return found


def _event(table: Table, jurisdiction: str) -> Event:
    source, confidence = provenance(table)
    months = [table.month(key) for key in ("earliest", "likely", "latest")]
    if all(months) and sorted(months, key=month_number) != months:
        what = f"the months {', '.join(months)} are not in order"
        table.fault("likely", what, "earliest <= likely <= latest", "put them in order")
    return Event(
        id=table.text("id"),
        jurisdiction=jurisdiction,
        title=table.text("title"),
        earliest=months[0],
        likely=months[1],
        latest=months[2],
        source=source,
        confidence=confidence,
        note=table.note(),
        date_is=table.choice("date_is", BASES) if table.holds("date_is") else "promised",
        chance=table.number("chance", 0, 1) if table.holds("chance") else 1.0,
        bars=_names(table, "bars"),
        caps=_caps(table),
    )


def _caps(table: Table) -> tuple[tuple[str, int], ...]:
    if not table.holds("caps"):
        return ()
    raw = table.raw("caps", "a list of { permit, vehicles }")
    if not isinstance(raw, list):
        table.fault("caps", f"{raw!r} is not a list", 'for example [{ permit = "eu-ads-type-approval", vehicles = 0 }]')
        return ()
    caps = table.parts("caps", "permit")
    return tuple((cap.text("permit"), cap.whole("vehicles", 0, 10_000_000)) for cap in caps)


def _permit(table: Table, jurisdiction: str) -> Permit:
    source, confidence = provenance(table)
    shortest, likely, longest = _months(table)
    return Permit(
        id=table.text("id"),
        jurisdiction=jurisdiction,
        title=table.text("title"),
        permit=table.text("permit"),
        authority=table.text("authority"),
        scope=table.choice("scope", _LEVELS),
        holder=table.choice("holder", _HOLDERS),
        all_of=table.texts("all_of"),
        any_of=table.texts("any_of"),
        after_start=_after_start(table),
        event=table.text("event", blank=True),
        months_min=shortest,
        months_likely=likely,
        months_max=longest,
        opens=table.choice("opens", OPENS),
        fare_factor=table.number("fare_factor", 0, 1),
        operator_on_board=table.flag("operator_on_board"),
        vehicles_per_remote_operator=table.number("vehicles_per_remote_operator", REMOTE.low, REMOTE.high),
        fleet_cap=table.whole("fleet_cap", 0, MOST_CAPPED),
        fleet_cap_kind=table.choice("fleet_cap_kind", _CAP_KINDS),
        area=table.text("area"),
        hours=table.text("hours"),
        area_levels=table.whole("area_levels", 0, 99),
        airport=_airport(table),
        optional=table.flag("optional"),
        fee=table.text("fee", blank=True),
        notes=table.text("notes", blank=True),
        source=source,
        confidence=confidence,
        needed_by=table.choice("needed_by", _NEEDED_BY) if table.holds("needed_by") else "every",
        months_are=table.choice("months_are", BASES) if table.holds("months_are") else "promised",
        limits=_limits(table),
        until=_names(table, "until"),
        covers=_names(table, "covers"),
    )


def _names(table: Table, key: str) -> tuple[str, ...]:
    return table.texts(key) if table.holds(key) else ()


def _limits(table: Table) -> tuple[str, ...]:
    """Return the further modes whose vehicles a permit's cap counts; what a cap may not say is noted."""
    limits = _names(table, "limits")
    for mode in limits:
        if mode not in _MODES:
            table.fault("limits", f"{mode!r} is no mode of service", ", ".join(_MODES), "choose one of them")
    capped = table.whole("fleet_cap", 0, MOST_CAPPED) and table.choice("fleet_cap_kind", _CAP_KINDS) == "concurrent"
    for key in ("limits", "until"):
        if _names(table, key) and not capped:
            what = "it speaks of a cap at a time, and the permit has none"
            table.fault(key, what, "a fleet_cap of kind concurrent", f"give the cap, or take {key} out")
    if limits and table.flag("optional"):
        what = "a permit that nobody needs limits the modes of others"
        table.fault("limits", what, "a permit on the way", "set optional = false, or take limits out")
    return limits


def _months(table: Table) -> tuple[float, float, float]:
    keys = ("months_min", "months_likely", "months_max")
    shortest, likely, longest = (table.number(key, 0, _LONGEST_MONTHS) for key in keys)
    if shortest > likely or likely > longest or shortest > longest:
        what = f"the months {shortest:g}, {likely:g}, {longest:g} are not in order"
        table.fault("months_likely", what, "months_min <= months_likely <= months_max", "put them in order")
    return shortest, likely, longest


def _after_start(table: Table) -> tuple[tuple[str, int], ...]:
    raw = table.raw("after_start", "a list of { permit, months }")
    if raw is not None and not isinstance(raw, list):
        table.fault("after_start", f"{raw!r} is not a list", 'for example [{ permit = "dmv-testing", months = 3 }]')
        return ()
    links = table.parts("after_start", "permit")
    return tuple((link.text("permit"), link.whole("months", 0, _LONGEST_MONTHS)) for link in links)


def _airport(table: Table) -> str:
    airport = table.text("airport", blank=True)
    is_airport = table.has("opens") and table.choice("opens", OPENS) == "airport"
    if is_airport and table.has("airport") is False:
        table.fault("airport", "the permit opens an airport and names none", "a gateway's name", "name the gateway")
    if airport and not is_airport:
        table.fault(
            "airport", f"{airport!r} is named by a permit that opens no airport", "empty", 'set opens = "airport"'
        )
    return airport


def _check_ids(root: Table, kind: str, ids: list[str]) -> None:
    for twice in sorted({name for name in ids if name and ids.count(name) > 1}):
        root.fault(f"{kind}[{twice}].id", f"{twice!r} stands twice", "each id once", "rename one")
