"""A plan's service areas as geographies of MDS: one a deployment and area in force, each replaced by the next.

The file is what an agency's ``/geographies`` would answer (MDS 2.1). Ids follow from the plan, so that the same plan is
always told by the same ones. Nothing has been published yet: the plan's first month stands for the day on which it would be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

import h3
from shapely.geometry import mapping, shape

from fleetplan.catalogue.types import Catalogue
from fleetplan.mds.read import EARLIEST_MS
from fleetplan.months import month_number
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.service.types import CityService

VERSION: Final = "2.1.0"
MEDIA_TYPE: Final = "application/vnd.mds+json"
GEOGRAPHY_TYPE: Final = "market_area"
LONGEST: Final = 255
DIGITS: Final = 6


def geographies(plan: Plan, services: Mapping[str, CityService], catalogue: Catalogue) -> dict[str, Any]:
    """Return every service area of a plan as MDS geographies, by city and deployment, in the order of time.

    ``effective_date`` is the month in which an area comes into force, ``retire_date`` the one in which the next does or the
    service ends; both, and ``published_date``, in milliseconds, at midnight in the city. ``prev_geographies``
    names the area before.
    """
    rows = [
        row
        for city in plan.cities
        if city.city in services
        for d in city.deployments
        for row in _of_deployment(plan, d, services[city.city], ZoneInfo(catalogue.cities[city.city].time_zone))
    ]
    updated = max((row["published_date"] for row in rows), default=EARLIEST_MS)
    return {"version": VERSION, "last_updated": updated, "geographies": rows}


def geographies_file(plan: Plan, services: Mapping[str, CityService], catalogue: Catalogue) -> bytes:
    """Return :func:`geographies` as ``geographies.json``."""
    told = geographies(plan, services, catalogue)
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()


def _of_deployment(plan: Plan, d: DeploymentPlan, service: CityService, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    changes = [t for t, level in enumerate(d.level) if level != (d.level[t - 1] if t else 0)]
    published = _timestamp(plan.periods[0], zone)
    before: UUID | None = None
    for t, following in zip_longest(changes, changes[1:]):
        if not d.level[t]:
            continue
        level = service.levels[d.level[t] - 1]
        found = uuid5(NAMESPACE_URL, f"fleetplan:{plan.certificate.seal}:{d.stack}@{d.city}:{plan.periods[t]}")
        until = {} if following is None else {"retire_date": _timestamp(plan.periods[following], zone)}
        yield {
            "name": f"{d.partner} in {d.city}, area {level.name}"[:LONGEST],
            "description": _about(plan, d, t, level.area_km2)[:LONGEST],
            "geography_type": GEOGRAPHY_TYPE,
            "geography_id": str(found),
            "geography_json": _collection(level.cells),
            "effective_date": max(published, _timestamp(plan.periods[t], zone)),
            "published_date": published,
            **until,
            **({} if before is None else {"prev_geographies": [str(before)]}),
        }
        before = found


def _about(plan: Plan, d: DeploymentPlan, t: int, km2: float) -> str:
    return (
        f"Planned, not published: {d.stack} serves riders here from {plan.periods[t]}, {km2:.0f} km2, {d.vehicles[t]} vehicles "
        f"in the first period. From the plan {plan.name}"
    )


def _collection(cells: tuple[str, ...]) -> dict[str, Any]:
    outline = mapping(shape(h3.cells_to_geo(list(cells))))
    geometry = {"type": outline["type"], "coordinates": _rounded(outline["coordinates"])}
    return {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": geometry}]}


def _rounded(value: Any) -> Any:
    """Return coordinates to a tenth of a metre."""
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    return round(float(value), DIGITS)


def _timestamp(month: str, zone: ZoneInfo) -> int:
    number = month_number(month)
    begins = datetime(number // 12, number % 12 + 1, 1, tzinfo=zone)
    return max(EARLIEST_MS, round(begins.timestamp() * 1000))
