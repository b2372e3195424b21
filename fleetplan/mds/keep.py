"""What policies come to, kept: closed areas in a city's outlines.geojson, everything else as a piece of a request."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shapely.geometry import Polygon, mapping

from fleetplan.errors import Fault, InputError
from fleetplan.mds.layout import with_features
from fleetplan.mds.takeover import Closed, Takeover

BOM = "\ufeff"


def constraints_data(found: Takeover) -> dict[str, Any]:
    """Return the constraints as a request has them: ``constraints`` with an entry each."""
    return {"constraints": [c.model_dump(exclude_none=True) for c in found.constraints]}


def written_constraints(path: Path, found: Takeover) -> Path:
    """Write the constraints as a piece of a request in YAML, an entry a line; return the file.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    entries = [f"  - {json.dumps(entry, ensure_ascii=False)}" for entry in constraints_data(found)["constraints"]]
    try:
        path.write_text("\n".join(["constraints:", *entries]) + "\n", encoding="utf-8")
    except OSError as error:
        fault = Fault(str(path), f"cannot be written: {error.strerror}", "a file that may be written", "name another")
        raise InputError([fault]) from error
    return path


def close_areas(catalogue: Path, city: str, closed: Sequence[Closed]) -> Path:
    """Write closed areas into a city's outlines.geojson, in place of those of the same policies; return the file.

    What else stands in the file stays as it is laid out, byte for byte.

    Raises
    ------
    InputError
        When the file cannot be read or written.
    """
    path = catalogue / city / "outlines.geojson"
    try:
        text = path.read_bytes().decode()
        sources = {one.source for one in closed}

        def kept(feature: dict[str, Any]) -> bool:
            return feature["properties"].get("source") not in sources

        taken = {f["properties"]["name"] for f in json.loads(text.removeprefix(BOM))["features"] if kept(f)}
        aside = path.with_name(f".{path.name}.new")
        aside.write_bytes(with_features(text, kept, _features(closed, taken)).encode())
        aside.replace(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        fault = Fault(str(path), f"closed areas cannot be written: {error}", "a sound file", "mend the file first")
        raise InputError([fault]) from error
    return path


def _features(closed: Sequence[Closed], taken: set[str]) -> list[dict[str, Any]]:
    """Return a feature for each part of each area, each under a name of its own."""
    features = []
    for one in closed:
        for part in (p for p in getattr(one.area, "geoms", [one.area]) if isinstance(p, Polygon)):
            name = next(n for n in _names(one.name) if n not in taken)
            taken.add(name)
            properties = {"kind": "closed", "name": name, "source": one.source, "confidence": "high"}
            features.append({"type": "Feature", "properties": properties, "geometry": mapping(part)})
    return features


def _names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} ({number})" for number in itertools.count(2))
