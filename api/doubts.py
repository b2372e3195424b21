"""How sure a stored plan is and of what: revalued here at fixed decisions; what planning again would change, from stored plans.

Revaluing takes seconds and is kept. Planning again at the ends of a figure, or in a cell of a grid, is a rerun like any other:
while it is not stored, the rerun to post is told, so that a client that posts it and asks again learns the answer; the workers
share them out, and they are durable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api import problems as p
from api.bodies import SentRerun
from api.deps import Answered, Service, answer_of
from api.found_reruns import MOST_RERUNS, UNMADE, asked_of, finding, rerun_call, worth
from api.rerun import changed_request
from api.schemas import ChangeState, DoubtTold, EndTold, GridCellTold, GridTold, Rerun, RerunCall
from api.store.contract import PlanRow
from fleetplan.catalogue.types import Catalogue
from fleetplan.doubt.answer import books_of, check_known, doubt_of, kept_doubt
from fleetplan.doubt.books import Books
from fleetplan.doubt.changes import cell_patch, patch_of, resolved, to_resolve
from fleetplan.doubt.grid import grid
from fleetplan.doubt.ranges import Ranged, ranged_by_key
from fleetplan.doubt.types import Bar, Cell, Doubt, Grid
from fleetplan.errors import InputError
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.report.live_plan import live_workbook
from fleetplan.words.doubt import doubt_sentences, end_name, figure_name, grid_sentences, resolved_sentence
from fleetplan.words.names import Names

GAP, MOST_S = 0.02, 60.0


def found_doubt(service: Service, found: Answered, draws: int, seed: int) -> Doubt:
    """Return the doubt of a stored plan.

    Raises
    ------
    BadRequest
        With every fault; and where the catalogue does not hold any more what the plan speaks of.
    """
    plan, catalogue = found.plan, service.known.catalogue
    try:
        return doubt_of(plan, catalogue, lambda: service.known.services(plan), draws=draws, seed=seed)
    except InputError as error:
        raise _refused(error) from error


def _refused(error: InputError) -> p.BadRequest:
    flaws = [p.Flaw(f.what, parameter=f.where.strip("/"), allowed=f.allowed, remedy=f.remedy) for f in error.faults]
    return p.refused(flaws)


def kept_sentences(service: Service, found: Answered) -> list[str]:
    """Return how sure a plan is and of what, if somebody asked before; nothing is worked out."""
    catalogue = service.known.catalogue
    known = kept_doubt(found.plan, catalogue)
    return [] if known is None else doubt_sentences(known, Names(catalogue, (found.plan,)))


def doubt_told(service: Service, found: Answered, draws: int, seed: int) -> DoubtTold:
    """Return the doubt of a plan with what is known of planning again at the ends of the figures that matter most."""
    doubt = found_doubt(service, found, draws, seed)
    names = Names(service.known.catalogue, (found.plan,))
    return DoubtTold(
        plan=found.row.id, doubt=doubt, sentences=doubt_sentences(doubt, names), ends=ends_told(service, found, doubt)
    )


def ends_told(service: Service, found: Answered, doubt: Doubt) -> list[EndTold]:
    """Return what is known of planning again at both ends of the figures that matter most."""
    names = Names(service.known.catalogue, (found.plan,))
    asked = _Asked.of(service, found)
    told = []
    for bar in to_resolve(doubt.tornado):
        one = ranged_by_key(asked.catalogue, bar.key)
        for at_high, end in _ends(one):
            if one is None or end == one.likely:
                continue
            patch = patch_of(bar, list(one.low), list(one.high), at_high=at_high)
            known = asked.found(patch, end_name(bar, names, at_high=at_high))
            told.append(_end(service, found, bar, known, names, at_high=at_high))
    return told


def _ends(one: Ranged | None) -> tuple[tuple[bool, tuple[float, ...]], ...]:
    return () if one is None else ((False, one.low), (True, one.high))


def _end(service: Service, found: Answered, bar: Bar, known: _Known, names: Names, *, at_high: bool) -> EndTold:
    told = None
    if known.state == "known" and not known.fault:
        made = answer_of(service, known.row).plan if known.row and known.row.answer_sha256 else None
        told = resolved(bar, found.plan, made, at_high=at_high)
    return EndTold(
        key=bar.key,
        high=at_high,
        value=bar.high if at_high else bar.low,
        state=known.state,
        plan=known.row.id if known.row else None,
        rerun=known.call,
        resolved=told,
        sentence=known.fault or (resolved_sentence(told, names) if told else ""),
    )


@dataclass(frozen=True, eq=False)
class _Known:
    """What the store knows of a rerun."""

    row: PlanRow | None
    state: ChangeState
    call: RerunCall | None
    fault: str = ""


@dataclass(frozen=True, eq=False)
class _Asked:
    """The reruns of a plan, by what they ask for."""

    service: Service
    plan: Answered
    rows: list[tuple[PlanRow, Mapping[str, Any]]]
    catalogue: Catalogue

    @staticmethod
    def of(service: Service, found: Answered) -> _Asked:
        rows = service.store.page(limit=MOST_RERUNS, after=None, parent=found.row.id)
        return _Asked(service, found, [(row, asked_of(row.request)) for row in rows], service.known.catalogue)

    def found(self, patch: Mapping[str, Any], name: str) -> _Known:
        """Return what is known of the rerun with a patch, and what to post where it is not."""
        body = Rerun(patch={**patch, "name": name}, options=again_options(self.plan.row))
        try:
            sent = SentRerun(body.patch, body.options)
            wanted = asked_of(changed_request(self.service, self.plan.row, sent).model_dump(mode="json"))
        except p.BadRequest as error:
            return _Known(None, "known", None, error.flaws[0].message if error.flaws else error.detail)
        row = min((row for row, asked in self.rows if asked == wanted), key=worth, default=None)
        state, _, fault = finding(row)
        call = rerun_call("doubt", self.plan.row.id, body, row) if state in UNMADE else None
        return _Known(row, state, call, fault)


def again_options(row: PlanRow) -> PlanOptions:
    """Return how a plan is made again to see what changes: to two per cent, within a minute."""
    free = row.options.free
    return free.model_copy(update={"gap": max(GAP, free.gap), "time_limit_s": min(MOST_S, free.time_limit_s)})


def grid_told(service: Service, found: Answered, first: str, second: str) -> GridTold:
    """Return a plan over a grid of two figures, with what is known of planning again in every cell.

    Raises
    ------
    BadRequest
        With every fault.
    """
    plan, catalogue = found.plan, service.known.catalogue
    try:
        cells = grid(books_of(plan, catalogue, service.known.services(plan)), first, second)
    except InputError as error:
        raise _refused(error) from error
    names = Names(catalogue, (plan,))
    asked = _Asked.of(service, found)
    told = list(_cells(service, asked, cells, names))
    return GridTold(plan=found.row.id, grid=cells, sentences=grid_sentences(cells, names), cells=told)


def _cells(service: Service, asked: _Asked, cells: Grid, names: Names) -> Iterable[GridCellTold]:
    ranges = [ranged_by_key(asked.catalogue, key) for key in (cells.first, cells.second)]
    for k, cell in enumerate(cells.cells):
        known = asked.found(cell_patch(ranges, cells, k), cell_name(cells, cell, names))
        made: Plan | None = None
        if known.state == "known" and known.row is not None and known.row.answer_sha256:
            made = answer_of(service, known.row).plan
        yield GridCellTold(
            first=cell.first,
            second=cell.second,
            state=known.state,
            plan=known.row.id if known.row else None,
            rerun=known.call,
            npv_usd=None if made is None else made.objective,
            cities=[] if made is None else [c.city for c in made.cities if c.launch],
        )


def live_bytes(service: Service, found: Answered) -> bytes:
    """Return a plan as a workbook that recalculates.

    Raises
    ------
    BadRequest
        Where the catalogue does not hold any more what the plan speaks of.
    """
    try:
        check_known(found.plan, service.known.catalogue, service.known.services(found.plan))
    except InputError as error:
        raise _refused(error) from error
    return live_workbook(Books.of(found.plan, service.known.catalogue, service.known.services(found.plan)))


def cell_name(cells: Grid, cell: Cell, names: Names) -> str:
    """Return what the plan of a cell is called."""
    pairs = ((cells.first, cell.first), (cells.second, cell.second))
    return "; ".join(f"{figure_name(key, names)} {value:.4g}" for key, value in pairs)[:200]
