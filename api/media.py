"""Choose what to send: by the suffix of an address, else by the Accept header (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from api.problems import Flaw, NotAcceptable

JSON = "application/json"
GEOJSON = "application/geo+json"
CSV = "text/csv"
HTML = "text/html"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GPKG = "application/geopackage+sqlite3"
ICS = "text/calendar"
SSE = "text/event-stream"

SUFFIXES: Mapping[str, str] = {"json": JSON, "geojson": GEOJSON, "csv": CSV, "html": HTML, "xlsx": XLSX, "gpkg": GPKG}


def split_suffix(name: str) -> tuple[str, str | None]:
    """Return a name without its suffix, and the media type that the suffix asks for.

    >>> split_suffix("launches.csv"), split_suffix("launches")
    (('launches', 'text/csv'), ('launches', None))
    """
    stem, dot, suffix = name.rpartition(".")
    return (stem, SUFFIXES[suffix]) if dot and suffix in SUFFIXES else (name, None)


def choose(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered media type that a client likes best; the first offered wins a tie.

    >>> choose("text/csv, application/json;q=0.5", [JSON, CSV])
    'text/csv'
    >>> choose("*/*", [JSON, CSV])
    'application/json'

    Raises
    ------
    NotAcceptable
        When none of them is wanted.
    """
    wanted = _weights(accept) if accept else {"*/*": 1.0}
    best = max(offered, key=lambda media: _weight(media, wanted))
    if _weight(best, wanted) <= 0:
        flaw = Flaw(
            "asks for no media type that is offered", parameter="Accept", value=accept, allowed=", ".join(offered)
        )
        raise NotAcceptable(flaws=[flaw])
    return best


def _weights(accept: str) -> dict[str, float]:
    weights = {}
    for part in accept.split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        if media:
            weights[media.lower()] = next((_quality(p[2:]) for p in parameters if p.lower().startswith("q=")), 1.0)
    return weights or {"*/*": 1.0}


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _weight(media: str, wanted: Mapping[str, float]) -> float:
    """Return the weight of the most specific range that holds a media type."""
    for name in (media, f"{media.partition('/')[0]}/*", "*/*"):
        if name in wanted:
            return wanted[name]
    return 0.0
