"""A city begun from uploaded files: judged by a process of its own on a copy of the catalogue, given back as files.

What comes from outside is read by GDAL, which reads many formats, some of which fetch other files. So only formats that hold all
they say are let in, known by their first bytes; and what reads them has a few seconds, bounded memory and a folder of its own.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from api import problems as p
from api.city_schemas import NewCityAsked, Upload
from api.uploads import content_of
from fleetplan.catalogue import default_catalogue_path, load_catalogue
from fleetplan.catalogue.describe import default_lines, lack_lines
from fleetplan.catalogue.readiness import lacking, untouched
from fleetplan.errors import CatalogueError, Fault

SECONDS: Final = 60
MEMORY_BYTES: Final = 4_000_000_000
MOST_FILES: Final = 8
_ANY: Final = b""
BEGINNINGS: Final[dict[str, bytes]] = {
    ".geojson": b"{",
    ".json": b"{",
    ".gpkg": b"SQLite format 3\0",
    ".shp": b"\x00\x00\x27\x0a",
    ".shx": b"\x00\x00\x27\x0a",
    ".dbf": _ANY,
    ".prj": _ANY,
    ".cpg": _ANY,
    ".csv": _ANY,
    ".gz": b"\x1f\x8b",
    ".parquet": b"PAR1",
    ".topojson": b"{",
}
"""Endings of files that are let in, and the bytes that they begin with, where the format has some."""

MAIN: Final = (".geojson", ".json", ".gpkg", ".shp", ".topojson")
"""Files of districts; TopoJSON is let in so that its reader says what to do instead."""

_FIELDS: Final = {
    "NAME": "/name",
    "--country": "/country",
    "--like": "/like",
    "--law": "/laws",
    "--people": "/people",
    "--population-year": "/population_year",
}
"""Where a fault of the command belongs that is none of a file."""

TABLES: Final = (".csv", ".gz", ".parquet")
"""Tables of people; what is gzipped holds a CSV."""


@dataclass(frozen=True, slots=True)
class MadeCity:
    """A begun city: its slug, notes, faults to be mended, what is a default, what is lacking, its files as a ZIP."""

    slug: str
    notes: list[str]
    to_fill: list[Fault]
    defaults: list[str]
    lacks: list[str]
    archive: bytes
    kept: bool = False


def begin(asked: NewCityAsked, *, keep_in: Path | None) -> MadeCity:
    """Return a city begun from uploaded files; with a folder to keep it in, also write it there once nothing is left to fill in.

    Raises
    ------
    BadRequest
        With every fault of the files, or when it cannot be kept yet.
    """
    with tempfile.TemporaryDirectory(prefix="fleetplan-city-") as name:
        room = Path(name)
        catalogue = room / "cities"
        shutil.copytree(keep_in or default_catalogue_path(), catalogue)
        begun = _begun(asked, room, catalogue)
        folder = Path(begun["folder"])
        made = _judged(folder, begun["notes"], catalogue)
        if keep_in is None:
            return made
        if made.to_fill:
            raise p.BadRequest(flaws=[_flaw(fault, room) for fault in made.to_fill])
        _keep(catalogue, folder, keep_in)
        return MadeCity(made.slug, made.notes, [], made.defaults, made.lacks, made.archive, kept=True)


# --- what is uploaded ---


def _begun(asked: NewCityAsked, room: Path, catalogue: Path) -> dict[str, Any]:
    """Let a process of its own begin the city; return what it says."""
    uploads = room / "uploads"
    uploads.mkdir()
    districts = _written(asked.districts, uploads, "/districts")
    command = [sys.executable, "-P", "-m", "fleetplan", "cities", "new", "--districts", str(districts), "--json"]
    table = None if asked.population is None else _written([asked.population], uploads, "/population", main=TABLES)
    command += [] if table is None else ["--population", str(table)]
    said = {
        "--layer": asked.layer,
        "--names": asked.names,
        "--districts-source": asked.districts_source,
        "--people": asked.people,
        "--population-year": asked.population_year,
        "--population-source": asked.population_source,
        "--country": asked.country,
        "--like": asked.like,
    }
    for option, value in said.items():
        command += [f"{option}={value}"] if value else []
    command += [f"--law={law}" for law in asked.laws]
    try:
        done = subprocess.run(  # noqa: S603  # our own command; every word of a stranger is a value of an option, or behind --
            [*command, "--", asked.name],
            env={**os.environ, "FLEETPLAN_CATALOGUE": str(catalogue)},
            cwd=room,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            preexec_fn=_bounded if os.name == "posix" else None,
        )
        told = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        flaw = p.Flaw(
            "takes too long to be read", pointer="/districts", allowed=f"{SECONDS} s", remedy="simplify the shapes"
        )
        raise p.BadRequest(flaws=[flaw]) from error
    except ValueError as error:
        flaw = p.Flaw(
            "cannot be read", pointer="/districts", allowed="districts of one city", remedy="simplify the shapes"
        )
        raise p.BadRequest(flaws=[flaw]) from error
    if done.returncode:
        faults = told.get("error", {}).get("faults") or [{"where": "", "what": "cannot be read"}]
        raise p.BadRequest(flaws=[_flaw(Fault(**fault), room, table) for fault in faults])
    return dict(told)


def _bounded() -> None:
    import resource  # noqa: PLC0415  there is none on Windows

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _written(given: Sequence[Upload], folder: Path, pointer: str, main: Sequence[str] = MAIN) -> Path:
    """Write uploaded files, all under one name, and return the one to be read."""
    found: Path | None = None
    stem = PurePosixPath(given[0].name.replace("\\", "/")).stem or "districts"
    for number, upload in enumerate(given):
        path = folder / f"{_plain(stem)}{PurePosixPath(upload.name).suffix.lower()}"
        path.write_bytes(_content(upload, path.suffix, f"{pointer}/{number}"))
        found = path if path.suffix in main and found is None else found
    if found is None:
        flaw = p.Flaw(
            "holds no file that can be read", pointer=pointer, allowed=", ".join(main), remedy="upload one of these"
        )
        raise p.BadRequest(flaws=[flaw])
    return found


def _plain(name: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "-_ " else "_" for letter in name).strip()
    return kept[:80] or "districts"


def _content(upload: Upload, suffix: str, pointer: str) -> bytes:
    begins = BEGINNINGS.get(suffix)
    if begins is None:
        allowed = ", ".join(BEGINNINGS)
        flaw = p.Flaw(
            f"{upload.name!r} is no format that is read here", pointer=pointer, allowed=allowed, remedy="export it"
        )
        raise p.BadRequest(flaws=[flaw])
    content = content_of(upload, pointer)
    if not content.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n" if begins == b"{" else b"").startswith(begins):
        what = f"{upload.name!r} does not begin as {suffix} files do"
        raise p.BadRequest(
            flaws=[p.Flaw(what, pointer=pointer, allowed="the format that the name says", remedy="export it")]
        )
    return content


def _flaw(fault: Fault, room: Path, table: Path | None = None) -> p.Flaw:
    """Return a fault as a flaw, without the folder that its files lay in; ``table`` is that of people."""
    where, what, remedy = (
        text.replace(f"{room}/uploads/", "").replace(f"{room}/", "") for text in (fault.where, fault.what, fault.remedy)
    )
    if fault.where in _FIELDS:
        return p.Flaw(what, pointer=_FIELDS[fault.where], allowed=fault.allowed, remedy=remedy)
    pointer = "/population" if table is not None and fault.where.startswith(str(table)) else "/districts"
    return p.Flaw(f"{where}: {what}" if where else what, pointer=pointer, allowed=fault.allowed, remedy=remedy)


# --- what comes of it ---


def _judged(folder: Path, notes: list[str], catalogue: Path) -> MadeCity:
    """Return what of a begun city is to be filled in, what is a default, what it lacks, and its files."""
    slug, archive = folder.name, _archive(folder, catalogue)
    try:
        known = load_catalogue(catalogue)
    except CatalogueError as error:
        return MadeCity(slug, notes, list(error.faults), [], [], archive)
    left = untouched(known).get(slug)
    defaults = default_lines(left) if left is not None else []
    return MadeCity(slug, notes, [], defaults, lack_lines(lacking(known).get(slug, ())), archive)


def _archive(folder: Path, catalogue: Path) -> bytes:
    """Return the city's files as they lie in a catalogue, as a ZIP; its rows of deployments.csv in a file beside them."""
    slug, out = folder.name, io.BytesIO()
    rows = (catalogue / "deployments.csv").read_text(encoding="utf-8").splitlines()
    own = [rows[0], *(row for row in rows[1:] if row.split(",")[1:2] == [slug])]
    law = catalogue / "jurisdictions" / f"{slug}.toml"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for path in [*sorted(folder.iterdir()), *([law] if law.exists() else [])]:
            pack.write(path, str(path.relative_to(catalogue)))
        pack.writestr(f"{slug}-deployments.csv", "\n".join(own) + "\n")
    return out.getvalue()


def _keep(made_in: Path, folder: Path, catalogue: Path) -> None:
    """Copy a city into the service's catalogue: its folder aside and renamed, its law, the table of deployments last."""
    slug = folder.name
    if (catalogue / slug).exists():
        flaw = p.Flaw(f"{slug} is there already", pointer="/name", allowed="a new name", remedy="choose another name")
        raise p.BadRequest(flaws=[flaw])
    aside = catalogue / f".{slug}.new"
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(folder, aside)
    law = made_in / "jurisdictions" / f"{slug}.toml"
    if law.exists():
        shutil.copy(law, catalogue / "jurisdictions" / law.name)
    table = catalogue / ".deployments.csv.new"
    shutil.copy(made_in / "deployments.csv", table)
    aside.rename(catalogue / slug)
    table.replace(catalogue / "deployments.csv")
