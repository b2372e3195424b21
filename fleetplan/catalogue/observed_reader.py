"""Read a city's observed trips: what ``fleetplan cities demand`` made of a table of trips, and where that table came from."""

from __future__ import annotations

import hashlib
import math
from typing import Final

from fleetplan.catalogue.files import Files
from fleetplan.catalogue.observed import PLACES_FILE, TRIPS_FILE, ObservedTrips
from fleetplan.catalogue.tables import Table, provenance

_AGAIN: Final = "write it anew with `fleetplan cities demand`"


def read_observed(root: Table, files: Files, slug: str) -> ObservedTrips | None:
    """Return a city's observed trips; nothing where its file names none, so that a model stands in for them."""
    if not root.holds("demand"):
        return None
    told = root.part("demand")
    source, confidence = provenance(told)
    places, table = (_content(told, files, f"{slug}/{name}") for name in (PLACES_FILE, TRIPS_FILE))
    share = told.number("table_share", 0, math.inf)
    return ObservedTrips(
        first_day=told.text("first_day"),
        last_day=told.text("last_day"),
        weekdays=told.whole("weekdays", 1, 100_000),
        weekend_days=told.whole("weekend_days", 1, 100_000),
        trips=told.number("trips", 1, 1e12),
        table_share=share,
        source=source,
        confidence=confidence,
        places=places,
        table=table,
    )


def _content(told: Table, files: Files, path: str) -> bytes:
    """Return a file's bytes, which must be those that were written with the table's other figures."""
    key = path.rpartition("/")[2].partition(".")[0].removeprefix("observed_") + "_sha256"
    sha256, content = told.text(key), files.content(path)
    if content is None:
        return b""
    if hashlib.sha256(content).hexdigest() != sha256:
        told.fault(key, f"{path} holds something else than was written", "the file as it was written", _AGAIN)
    return content
