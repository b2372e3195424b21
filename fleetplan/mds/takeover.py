"""Policies as rules of a city: closed areas, hours of the day, caps on vehicles; and whatever cannot be taken over, and why.

A rule is taken over only where a rule of the plan says the same of every plan:

* no vehicle in a part of the city at any hour: a closed area of outlines.geojson;
* no vehicle in all of the city in some hours: ``service_hours`` for the others;
* at most so many vehicles in all of the city: ``fleet_cap``. Rules stand from the most specific to the most general, and
  a vehicle that one of them counts is not counted by those after it: what earlier rules of the policy allow on parts of the city
  is added.

Everything else is left, with its reason as a fact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

import shapely
from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue.types import City
from fleetplan.mds.read import Geography, Policy, Rule
from fleetplan.request import AnyConstraint
from fleetplan.request.constraints import FleetCap
from fleetplan.request.imposed import ServiceHours

MODE: Final = "passenger-services"
WHOLE_SHARE: Final = 0.98
"""A geography that holds so much of the city's outline is the whole city: borders drawn by different hands."""

LEAST_KM2: Final = 0.4
"""Half a zone: a smaller closed area is not told from open ground."""

ELECTRIC: Final = frozenset({"electric", "electric_assist"})
IN_SERVICE: Final = frozenset({"available", "reserved", "on_trip"})
KM2_PER_SQUARE_DEGREE: Final = 111.195**2
LAST_SECOND: Final = "23:59:59"
HOUR_S, DAY_S = 3600, 86_400
_DAYS, _HOURS = 7, 24

Why = Literal[
    "other_mode",
    "other_provider",
    "superseded",
    "over",
    "not_a_count",
    "fee",
    "dynamic",
    "unknown_member",
    "other_vehicles",
    "states",
    "days",
    "least_fleet",
    "no_limit",
    "geography_missing",
    "elsewhere",
    "too_small",
    "part_capped",
    "capped_by_hours",
    "no_whole_hour",
    "closed_for_a_time",
    "part_by_hours",
    "uncounted_before",
]
"""Why a rule is not taken over: see :mod:`fleetplan.words.mds`."""


@dataclass(frozen=True, slots=True)
class Left:
    """A rule, or a whole policy (``rule`` is empty), that is not taken over; ``detail`` is what stands there, if it says more."""

    policy: str
    rule: str
    why: Why
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """A part of a city where no vehicle may be: name, shape in lon-lat, from which policy."""

    name: str
    area: BaseGeometry
    source: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A rule that was taken over, by its policy's and its own name, and as what.

    ``constraint`` is the id of a constraint, empty for a closed area. ``rounded``: its hours are widened to whole ones;
    ``added``: vehicles that earlier rules allow on parts of the city, which are added to the cap.
    """

    policy: str
    rule: str
    constraint: str = ""
    rounded: bool = False
    added: int = 0


@dataclass(frozen=True, slots=True)
class Takeover:
    """What policies come to for one city."""

    city: str
    constraints: tuple[AnyConstraint, ...]
    closed: tuple[Closed, ...]
    taken: tuple[Taken, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, eq=False)
class _Frame:
    """The city, the geographies, and the day by which a closed area has to be in force."""

    city: City
    geographies: Mapping[str, Geography]
    by: str
    provider: str

    @property
    def outline(self) -> BaseGeometry:
        return next(o.polygon for o in self.city.outlines if o.kind == "outline")

    def area(self, rule: Rule) -> BaseGeometry:
        """Return the part of the city that a rule speaks of, lon-lat."""
        shapes = [self.geographies[one].area for one in rule.geographies]
        return shapely.intersection(shapely.union_all(shapes), self.outline)

    def share(self, area: BaseGeometry) -> float:
        return float(area.area / self.outline.area)

    def km2(self, area: BaseGeometry) -> float:
        return float(area.area) * KM2_PER_SQUARE_DEGREE * math.cos(math.radians(self.outline.centroid.y))

    def month(self, timestamp: int) -> str:
        """Return the month of a timestamp where the city is."""
        return datetime.fromtimestamp(timestamp / 1000, UTC).astimezone(ZoneInfo(self.city.time_zone)).strftime("%Y-%m")


def take_over(
    city: City, policies: Sequence[Policy], geographies: Mapping[str, Geography], *, by: str, provider: str = ""
) -> Takeover:
    """Return what policies come to for a city.

    Parameters
    ----------
    by
        Month by which an area has to be closed for good to count: closed areas of the catalogue have no dates.
    provider
        Id under which the platform is known to whoever publishes the policies; without it those for named providers are left.
    """
    frame = _Frame(city, geographies, by, provider)
    replaced = {one for policy in policies for one in policy.prev_policies or ()}
    constraints, closed, taken, left = list[AnyConstraint](), list[Closed](), list[Taken](), list[Left]()
    for policy in sorted(policies, key=lambda p: (p.start_date, p.policy_id)):
        if why := _set_aside(policy, frame, replaced):
            left.append(Left(policy.name, "", *why))
            continue
        for number, rule in enumerate(policy.rules):
            found = _taken(policy, rule, policy.rules[:number], frame)
            if isinstance(found, Left):
                left.append(found)
                continue
            taken.append(found.told)
            constraints += found.constraints
            closed += found.closed
    return Takeover(city.slug, tuple(constraints), tuple(closed), tuple(taken), tuple(left))


def _set_aside(policy: Policy, frame: _Frame, replaced: Iterable[str]) -> tuple[Why, str] | None:
    """Return why a whole policy does not concern the city's plans."""
    if policy.mode_id != MODE:
        return "other_mode", policy.mode_id
    if policy.policy_id in replaced:
        return "superseded", ""
    if policy.provider_ids and frame.provider not in policy.provider_ids:
        return "other_provider", ""
    if policy.end_date is not None and frame.month(policy.end_date) < frame.by:
        return "over", frame.month(policy.end_date)
    return None


@dataclass(frozen=True, slots=True)
class _Found:
    told: Taken
    constraints: tuple[AnyConstraint, ...] = ()
    closed: tuple[Closed, ...] = ()


def _taken(policy: Policy, rule: Rule, before: Sequence[Rule], frame: _Frame) -> _Found | Left:
    if why := _unlike(rule) or _nowhere(rule, frame):
        return Left(policy.name, rule.name, *why)
    area = frame.area(rule)
    whole = frame.share(area) >= WHOLE_SHARE
    most = _most(rule)
    hours = not _all_day(rule)
    if whole and hours and most == 0:
        return _by_hours(policy, rule, frame)
    if hours:
        return Left(policy.name, rule.name, "capped_by_hours" if whole else "part_by_hours")
    if whole:
        return _capped(policy, rule, most, before, frame)
    if most:
        return Left(policy.name, rule.name, "part_capped", str(most))
    return _closed(policy, rule, area, frame)


def _unlike(rule: Rule) -> tuple[Why, str] | None:
    """Return why a rule is none that counts a robotaxi fleet, or counts it in a way that no plan knows."""
    propulsion = set(rule.propulsion_types or ELECTRIC)
    found: tuple[tuple[bool, Why, str], ...] = (
        (rule.rule_type != "count", "not_a_count", rule.rule_type),
        (bool(rule.unknown), "unknown_member", ", ".join(rule.unknown)),
        (bool(rule.rate_amount), "fee", str(rule.rate_amount)),
        (bool(rule.value_url), "dynamic", rule.value_url or ""),
        ("car" not in (rule.vehicle_types or ["car"]), "other_vehicles", ", ".join(rule.vehicle_types or ())),
        (not propulsion & ELECTRIC, "other_vehicles", ", ".join(sorted(propulsion))),
        (not _counts_all(rule), "states", ", ".join(rule.states or ())),
        (len(set(rule.days or ())) not in {0, _DAYS}, "days", ", ".join(rule.days or ())),
        (rule.maximum is None and bool(rule.minimum), "least_fleet", str(rule.minimum)),
        (rule.maximum is None, "no_limit", ""),
    )
    return next(((why, detail) for unlike, why, detail in found if unlike), None)


def _counts_all(rule: Rule) -> bool:
    """Return whether a rule counts every vehicle in service: all states, or those of service with all their events."""
    if not rule.states:
        return True
    return set(rule.states) >= IN_SERVICE and not any(rule.states[state] for state in IN_SERVICE)  # type: ignore[index]


def _nowhere(rule: Rule, frame: _Frame) -> tuple[Why, str] | None:
    missing = [one for one in rule.geographies if one not in frame.geographies]
    if missing:
        return "geography_missing", ", ".join(missing)
    area = frame.area(rule)
    if area.is_empty or area.area <= 0:
        return "elsewhere", ""
    if frame.km2(area) < LEAST_KM2:
        return "too_small", f"{frame.km2(area):.2f}"
    return None


def _most(rule: Rule) -> int:
    """Return the most vehicles that a rule allows."""
    most = rule.maximum or 0
    return max(0, most if rule.inclusive_maximum in {None, True} else most - 1)


def _window(policy: Policy, frame: _Frame) -> dict[str, str]:
    """Return the months in which a policy holds, both ends included: any part of a month counts as all of it."""
    window = {"start": frame.month(policy.start_date)}
    return window if policy.end_date is None else {**window, "end": frame.month(policy.end_date - 1)}


def _id(rule: Rule) -> str:
    return f"mds-{rule.rule_id}"


def _all_day(rule: Rule) -> bool:
    return rule.start_time in {None, "00:00:00"} and rule.end_time in {None, LAST_SECOND}


def _by_hours(policy: Policy, rule: Rule, frame: _Frame) -> _Found | Left:
    """Return hours of service: those in which the city is not closed, cut to whole hours."""
    closes, opens = _seconds(rule.start_time or "00:00:00"), _seconds(rule.end_time or LAST_SECOND) + 1
    first, last = -(-opens // HOUR_S), closes // HOUR_S
    if (closes - opens) % DAY_S < (first * HOUR_S - opens) + (closes - last * HOUR_S) + HOUR_S:
        return Left(policy.name, rule.name, "no_whole_hour", f"{rule.start_time} to {rule.end_time}")
    constraint = ServiceHours(
        id=_id(rule),
        city=frame.city.slug,
        from_hour=first % _HOURS,
        to_hour=last or _HOURS,
        firmness="hard",
        **_window(policy, frame),
    )
    rounded = bool(opens % HOUR_S or closes % HOUR_S)
    return _Found(Taken(policy.name, rule.name, constraint.id, rounded=rounded), (constraint,))


def _seconds(time: str) -> int:
    hours, minutes, seconds = (int(part) for part in time.split(":"))
    return HOUR_S * hours + 60 * minutes + seconds


def _capped(policy: Policy, rule: Rule, most: int, before: Sequence[Rule], frame: _Frame) -> _Found | Left:
    """Return a cap on the city's fleet, with what earlier rules allow on parts of it added."""
    added = 0
    for earlier in before:
        if earlier.rule_type != "count" or _nowhere(earlier, frame) is not None:
            continue
        if _unlike(earlier) is not None or not _all_day(earlier):
            return Left(policy.name, rule.name, "uncounted_before", earlier.name)
        added += _most(earlier)
    constraint = FleetCap(
        id=_id(rule),
        city=frame.city.slug,
        vehicles=most + added,
        firmness="hard",
        **_window(policy, frame),
    )
    return _Found(Taken(policy.name, rule.name, constraint.id, added=added), (constraint,))


def _closed(policy: Policy, rule: Rule, area: BaseGeometry, frame: _Frame) -> _Found | Left:
    if policy.end_date is not None or frame.month(policy.start_date) > frame.by:
        until = "" if policy.end_date is None else frame.month(policy.end_date - 1)
        return Left(policy.name, rule.name, "closed_for_a_time", f"{frame.month(policy.start_date)} to {until}".strip())
    source = f"MDS policy {policy.policy_id}, {policy.name}, published {frame.month(policy.published_date)}"
    return _Found(Taken(policy.name, rule.name), closed=(Closed(rule.name, area, source),))
