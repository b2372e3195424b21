"""How sure a stored plan is and of what: revalued here at fixed decisions; what planning again would change, from stored plans.

Revaluing takes seconds and is stored with the plan: asked once, it is read from the store. Planning again at the ends of a
figure, or in a cell of a grid, is a rerun like any other: while it is not stored, the rerun to post is told, so that a client
that posts it and asks again learns the answer; the workers share them out, and they are durable.
"""

from __future__ import annotations

from typing import Any

from api.asked_reruns import AskedReruns, KnownRerun, refused
from api.deps import Answered, Service
from api.schemas import DoubtTold, EndTold
from api.schemas_again import KeptDoubt, KeptDoubts
from fleetplan import __version__
from fleetplan.doubt.answer import check_known, doubt_of, kept_doubt
from fleetplan.doubt.books import Books
from fleetplan.doubt.changes import patch_of, resolved, to_resolve
from fleetplan.doubt.ranges import Ranged, ranged_by_key
from fleetplan.doubt.spread import DRAWS
from fleetplan.doubt.types import Bar, Doubt
from fleetplan.errors import InputError
from fleetplan.report.live_plan import live_workbook
from fleetplan.words.doubt import doubt_sentences, end_name, resolved_sentence
from fleetplan.words.names import Names


def found_doubt(service: Service, found: Answered, draws: int, seed: int) -> Doubt:
    """Return the doubt of a stored plan.

    Raises
    ------
    BadRequest
        With every fault; and where the catalogue does not hold any more what the plan speaks of.
    """
    plan, catalogue = found.plan, service.known.catalogue
    if (kept := _stored(service, found, draws, seed)) is not None:
        return kept
    try:
        made = doubt_of(plan, catalogue, lambda: service.known.services(plan), draws=draws, seed=seed)
    except InputError as error:
        raise refused(error) from error
    service.store.keep_finding(found.row.id, _asked(service, draws, seed), made.model_dump_json().encode())
    return made


def _asked(service: Service, draws: int, seed: int) -> dict[str, Any]:
    """Return what an answer is kept under: it holds for this version and this catalogue."""
    own = {"version": __version__, "catalogue_sha256": service.known.catalogue.digest}
    return {"kind": "doubt", "draws": draws, "seed": seed, **own}


def _stored(service: Service, found: Answered, draws: int, seed: int) -> Doubt | None:
    """Return the doubt that is stored with a plan, if it was asked for before."""
    held = service.store.finding(found.row.id, _asked(service, draws, seed))
    return None if held is None else Doubt.model_validate_json(held)


def kept_doubts(service: Service, plan: str) -> KeptDoubts:
    """Return which answers on a plan's doubt are stored with it, oldest first."""
    own = {name: _asked(service, 0, 0)[name] for name in ("version", "catalogue_sha256")}
    rows = [row for row in service.store.findings(plan) if row.asked.get("kind") == "doubt"]
    told = [
        KeptDoubt(
            id=row.id,
            draws=row.asked["draws"],
            seed=row.asked["seed"],
            version=row.asked["version"],
            catalogue_sha256=row.asked["catalogue_sha256"],
            sha256=row.sha256,
            bytes=row.bytes,
            kept_at=row.kept_at,
            current=own.items() <= row.asked.items(),
            href=f"/v1/plans/{plan}/doubt?draws={row.asked['draws']}&seed={row.asked['seed']}",
        )
        for row in rows
    ]
    return KeptDoubts(plan=plan, kept=told)


def kept_sentences(service: Service, found: Answered) -> list[str]:
    """Return how sure a plan is and of what, if somebody asked before; nothing is worked out."""
    catalogue = service.known.catalogue
    known = _stored(service, found, DRAWS, 0) or kept_doubt(found.plan, catalogue)
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
    asked = AskedReruns.of(service, found, "doubt")
    told = []
    for bar in to_resolve(doubt.tornado):
        one = ranged_by_key(service.known.catalogue, bar.key)
        for at_high, end in _ends(one):
            if one is None or end == one.likely:
                continue
            patch = patch_of(bar, list(one.low), list(one.high), at_high=at_high)
            known = asked.found(patch, end_name(bar, names, at_high=at_high))
            told.append(_end(found, bar, known, names, at_high=at_high))
    return told


def _ends(one: Ranged | None) -> tuple[tuple[bool, tuple[float, ...]], ...]:
    return () if one is None else ((False, one.low), (True, one.high))


def _end(found: Answered, bar: Bar, known: KnownRerun, names: Names, *, at_high: bool) -> EndTold:
    told = None
    if known.state == "known" and not known.fault:
        told = resolved(bar, found.plan, known.plan(), at_high=at_high)
    return EndTold(
        key=bar.key,
        high=at_high,
        value=bar.high if at_high else bar.low,
        state=known.state,
        plan=known.id or None,
        rerun=known.call,
        resolved=told,
        sentence=known.fault or (resolved_sentence(told, names) if told else ""),
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
        raise refused(error) from error
    return live_workbook(Books.of(found.plan, service.known.catalogue, service.known.services(found.plan)))
