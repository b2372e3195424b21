"""A stored plan over a grid of figures: revalued here at fixed launches; planned anew in every cell by reruns, asked for at once.

What is asked for is stored before it is answered, so it is made whatever becomes of the client, of this service or of a worker:
every cell is a plan of its own, kept as it comes and taken up by whoever is free.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from api.asked_reruns import AskedReruns, refused
from api.bodies import SentRerun
from api.deps import Answered, Service
from api.problems import QueueFull
from api.rerun import changed_request
from api.schemas import GridCellTold, GridTold
from api.store.contract import NewPlan
from api.store.errors import TooManyWait
from fleetplan.doubt.answer import books_of
from fleetplan.doubt.changes import cell_again, cell_patch
from fleetplan.doubt.grid import grid
from fleetplan.doubt.ranges import ranged_by_key
from fleetplan.doubt.types import Cell, Grid
from fleetplan.errors import InputError
from fleetplan.report.doubt_tables import grid_frame
from fleetplan.report.tables import csv_text
from fleetplan.words.cells import cells_sentences
from fleetplan.words.doubt import figure_name, grid_sentences
from fleetplan.words.names import Names


@dataclass(frozen=True, slots=True)
class AskedGrid:
    """The keys of two or three figures."""

    first: str
    second: str
    third: str = ""


def grid_told(service: Service, found: Answered, asked: AskedGrid) -> GridTold:
    """Return a plan over a grid of figures, with what is known of planning again in every cell.

    Raises
    ------
    BadRequest
        With every fault.
    """
    plan, catalogue = found.plan, service.known.catalogue
    try:
        books = books_of(plan, catalogue, service.known.services(plan))
        cells = grid(books, asked.first, asked.second, asked.third)
    except InputError as error:
        raise refused(error) from error
    names = Names(catalogue, (plan,))
    told = list(_cells(service, found, cells, names))
    said = [*grid_sentences(cells, names), *cells_sentences(cells, [one.again for one in told], names)]
    return GridTold(plan=found.row.id, grid=cells, sentences=said, cells=told)


def grid_csv(told: GridTold) -> str:
    """Return a grid as CSV, a row for each cell, with the id of the plan behind it."""
    plans = [one.plan or "" for one in told.cells]
    return csv_text(grid_frame(told.grid, [one.again for one in told.cells], plans))


def asked_for(service: Service, found: Answered, asked: AskedGrid, caller: str) -> GridTold:
    """Ask for the plan of every cell that is missing, and return what is known then; safe to repeat.

    Where more wait than may, as many as there is room for are asked for.

    Raises
    ------
    QueueFull
        Where there is room for none.
    BadRequest
        As :func:`grid_told`.
    """
    told = grid_told(service, found, asked)
    calls = [one.rerun for one in told.cells if one.rerun is not None]
    for number, call in enumerate(calls):
        sent = SentRerun(call.body.patch, call.body.options)
        new = NewPlan(
            request=changed_request(service, found.row, sent).model_dump(mode="json"),
            options=sent.options,
            parent=found.row.id,
            patch=sent.patch,
            idempotency_key=f"{caller}/cell-{call.idempotency_key}",
        )
        try:
            service.take_in(new)
        except TooManyWait as error:
            if not number:
                raise QueueFull(str(error)) from error
            break
    return grid_told(service, found, asked) if calls else told


def _cells(service: Service, found: Answered, cells: Grid, names: Names) -> Iterable[GridCellTold]:
    reruns = AskedReruns.of(service, found, "doubt")
    ranges = [ranged_by_key(service.known.catalogue, key) for key in cells.figures]
    for k, cell in enumerate(cells.cells):
        known = reruns.found(cell_patch(ranges, cells, k), cell_name(cells, cell, names))
        made = known.plan()
        again = cell_again(found.plan, made) if known.state == "known" and not known.fault else None
        yield GridCellTold(
            first=cell.first,
            second=cell.second,
            third=cell.third,
            state=known.state,
            plan=known.id or None,
            rerun=known.call,
            fault=known.fault,
            npv_usd=None if made is None else made.objective,
            cities=[] if again is None else [one.city for one in again.opened],
            again=again,
        )


def cell_name(cells: Grid, cell: Cell, names: Names) -> str:
    """Return what the plan of a cell is called."""
    pairs = zip(cells.figures, (cell.first, cell.second, cell.third), strict=False)
    return "; ".join(f"{figure_name(key, names)} {value:.4g}" for key, value in pairs if value is not None)[:200]
