"""What every command shares: errors as messages and exit codes, searches that Ctrl-C stops, plans read from disk, tables."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from fleetplan.errors import CheckFailed, FleetplanError, InfeasibleError, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from fleetplan.catalogue.types import Catalogue
    from fleetplan.plans.types import Plan
    from fleetplan.run import Run
    from fleetplan.service.types import CityService

Found = TypeVar("Found")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


@contextmanager
def reported(*, as_json: bool) -> Iterator[None]:
    """Turn every error raised on purpose into a readable message (or JSON) and its exit code."""
    try:
        yield
    except FleetplanError as error:
        typer.echo(json.dumps(_error_data(error)) if as_json else _error_text(error), err=not as_json)
        raise typer.Exit(error.exit_code) from error
    except MemoryError as error:
        raise typer.Exit(
            _told("there is not enough memory: ask for fewer cities or months", as_json=as_json)
        ) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise typer.Exit(_told(f"{where}{error.strerror or error}", as_json=as_json)) from error


def _told(message: str, *, as_json: bool) -> int:
    data = {"status": "error", "error": {"code": "error", "message": message}}
    typer.echo(json.dumps(data) if as_json else message, err=not as_json)
    return 1


def _error_data(error: FleetplanError) -> dict[str, Any]:
    data: dict[str, Any] = {"code": error.code, "message": str(error).splitlines()[0]}
    if isinstance(error, InputError):
        data["faults"] = [
            {"where": f.where, "what": f.what, "allowed": f.allowed, "remedy": f.remedy} for f in error.faults
        ]
    if isinstance(error, InfeasibleError):
        data["clashes"] = [clash.model_dump(mode="json") for clash in error.clashes]
        data["repairs"] = [repair.model_dump(mode="json") for repair in error.repairs]
        data |= {"settled": error.settled, "searched": error.searched}
    if isinstance(error, CheckFailed):
        data["violations"] = list(error.violations)
    return {"status": "infeasible" if isinstance(error, InfeasibleError) else "error", "error": data}


def _error_text(error: FleetplanError) -> str:
    if isinstance(error, InputError):
        return "\n".join([f"{_faults(error)}:", *(f"\n{_fault_text(f)}" for f in error.faults)])
    if isinstance(error, InfeasibleError):
        return "\n".join(_infeasible_lines(error))
    return str(error)


def _infeasible_lines(error: InfeasibleError) -> Iterator[str]:
    """Yield what clashes, and below what would make a plan possible: each repair with the patch that a rerun takes."""
    from fleetplan.words.repair import unfinished

    yield f"No plan keeps every rule: {str(error).splitlines()[0]}"
    yield from (f"  - {clash.sentence}" for clash in error.clashes)
    if error.repairs:
        yield "What would make a plan possible, that which gives up least first; each was planned and checked:"
    for number, repair in enumerate(error.repairs, start=1):
        yield f"  {number}. {repair.sentence}"
        yield f"     patch: {json.dumps(repair.patch)}"
    yield from unfinished(settled=error.settled, searched=error.searched, found=len(error.repairs))


def _faults(error: InputError) -> str:
    return f"{len(error.faults)} fault{'' if len(error.faults) == 1 else 's'} in what was given"


def _fault_text(fault: Any) -> str:
    rows = [f"  {fault.where}", f"    {fault.what}"]
    rows += [f"    allowed: {fault.allowed}"] if fault.allowed else []
    rows += [f"    remedy:  {fault.remedy}"] if fault.remedy else []
    return "\n".join(rows)


def searched(search: Callable[[Run], Found]) -> Found:
    """Search in a thread of its own, so that Ctrl-C and SIGTERM reach us: the first stops the search, a second gives up."""
    import signal
    import threading
    from concurrent.futures import ThreadPoolExecutor

    from fleetplan.optimize.pair.nursery import fork_nursery
    from fleetplan.report.progress import ProgressDisplay
    from fleetplan.run import Run

    fork_nursery()  # before there are threads
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # who ends us from outside gets the best plan too
    with ProgressDisplay(console(stderr=True)) as display, ThreadPoolExecutor(1) as pool:
        future = pool.submit(search, Run(progress=display.show, stop=stop))
        while True:
            try:
                return future.result(timeout=0.2)
            except TimeoutError:
                if future.done():
                    raise
                display.tick()
            except KeyboardInterrupt:
                if stop.is_set():
                    raise
                stop.set()
                display.note("stopping: the best plan so far is kept (Ctrl-C again to give up)")


def request_file(given: str) -> Path:
    """Return the file of a request; a bare word without a file of that name is an example.

    Raises
    ------
    InputError
        Where it is neither.
    """
    from fleetplan.errors import Fault
    from fleetplan.examples import example_files

    known = example_files()
    if Path(given).exists() or Path(given).suffix or os.sep in given:
        return Path(given)
    if given not in known:
        allowed = f"a YAML or JSON file, or one of the examples {', '.join(known)}"
        raise InputError([Fault(given, "is no file here and no example", allowed, "name one of these")])
    return known[given]


def read_plan(path: Path) -> Plan:
    """Return the plan of a file.

    Raises
    ------
    InputError
        Where it cannot be read, or is no plan.
    """
    from fleetplan.plans.files import read_plan

    return read_plan(file_bytes(path, "give a plan.json"), str(path))


def kept_sentences(path: Path, plan: Plan) -> list[str]:
    """Return what the replays say that are kept beside a plan's file; nothing where there are none of this plan."""
    from fleetplan.replays.kept import read_kept
    from fleetplan.words.replays import standing_sentences

    found = read_kept(path, plan)
    return [] if found is None else standing_sentences(found.standing)


def file_bytes(path: Path, remedy: str) -> bytes:
    """Return what a file holds.

    Raises
    ------
    InputError
        Where it cannot be read, with the remedy.
    """
    from fleetplan.errors import Fault

    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError([Fault(str(path), f"cannot be read: {error.strerror}", remedy=remedy)]) from error


def context(plan: Plan) -> tuple[Catalogue, dict[str, CityService]]:
    """Return the catalogue as loaded and the services as the plan's request changes them."""
    from fleetplan.catalogue import load_catalogue
    from fleetplan.scope import apply_overrides
    from fleetplan.service import city_service

    catalogue = load_catalogue()
    changed, faults = apply_overrides(catalogue, plan.request.overrides)
    if faults:
        raise InputError(faults)
    return catalogue, {c.city: city_service(changed, c.city) for c in plan.cities if c.city in catalogue.cities}


def console(*, stderr: bool = False) -> Console:
    """Return where people read: as wide as the terminal, 120 columns elsewhere."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else 120)


def print_table(out: Console, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Print rows as a table; numbers stand to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for name in columns:
        numeric = bool(rows) and isinstance(rows[0].get(name), int | float)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(row.get(name))) for name in columns))
    out.print(table)


def cell(value: Any) -> str:
    """Return a value as a cell of a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(cell(item) for item in value)
    return str(value)
