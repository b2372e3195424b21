"""The list of plans, with their states, headline money, gaps and lineage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.deps import Service, ServiceDep, may_read
from api.pages.lineage import Node, changes, flat, forest
from api.pages.replay_view import flags
from api.pages.shell import STATE_NAMES, page, seconds_of
from api.prefix import at
from api.routes.parameters import SLUG
from api.security import Scope
from api.store.contract import FINAL, CardFilter, PlanRow, State, Store
from fleetplan.catalogue.types import Catalogue
from fleetplan.compare.types import Band
from fleetplan.drafts.starts import examples
from fleetplan.facts import conflicts_from
from fleetplan.words.comparison import band_briefly, signed
from fleetplan.words.conflict import briefly
from fleetplan.words.request import asked_briefly, cities_asked
from fleetplan.words.values import PHASE_NAMES, listed, several

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)

PAGE = 40
BATCH = 200
MOST_SCANNED = 2000
"""A search in names and notes looks at so many plans at a time."""

SHOWN_CHANGES = 3
COUNTED = ("running", "queued", "succeeded", "infeasible", "cancelled", "failed")
"""States in the order in which they are told."""


Shown = Literal["", "chosen", "archived", "deleted", "all"]
SHOWN: Mapping[Shown, str] = {
    "": "not archived",
    "chosen": "chosen",
    "archived": "archived",
    "all": "all",
    "deleted": "deleted, for now",
}
"""Which plans the list shows, by their cards, in words."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which plans are listed."""

    state: State | None
    city: str | None
    text: str
    tag: str = ""
    show: Shown = ""

    @property
    def everything(self) -> bool:
        """Whether no plan is filtered away, but those that are archived."""
        return self.state is None and self.city is None and not (self.text or self.tag or self.show)

    @property
    def card(self) -> CardFilter:
        """Which cards are meant."""
        archived = {"": False, "archived": True}.get(self.show)
        return CardFilter(self.tag or None, archived, self.show == "chosen" or None, deleted=self.show == "deleted")

    def query(self, after: str | None = None) -> str:
        """Return the address of a page of these plans."""
        given = {
            "q": self.text,
            "state": self.state,
            "city": self.city,
            "tag": self.tag,
            "show": self.show,
            "after": after,
        }
        said = urlencode({name: value for name, value in given.items() if value})
        return f"/plans?{said}" if said else "/plans"


@router.get("/")
async def home() -> Response:
    """Send to the list of plans."""
    return Response(status_code=307, headers={"Location": at("/plans")})


@router.get("/plans")
async def plans(
    request: Request,
    service: ServiceDep,
    state: Annotated[State | None, Query()] = None,
    city: Annotated[str | None, Query(pattern=SLUG)] = None,
    q: Annotated[str, Query(max_length=80)] = "",
    tag: Annotated[str, Query(max_length=40, pattern=r"^[^\x00-\x1f\x7f|,]*$")] = "",
    show: Annotated[Shown, Query()] = "",
    after: Annotated[str | None, Query(pattern=SLUG)] = None,
) -> Response:
    """Return the list of plans."""
    return await run_in_threadpool(_list, request, service, Wanted(state, city, q.strip(), tag, show), after)


def _list(request: Request, service: Service, wanted: Wanted, after: str | None) -> Response:
    rows, older = matching(service.store, wanted, after)
    catalogue = service.known.catalogue
    trees = forest(rows, service.store.get)
    counts = service.store.counts()
    scopes = request.scope["caller"].scopes
    return page(
        request,
        "plans.html.j2",
        title="Plans",
        here="plans",
        trees=trees,
        views=views(trees, catalogue),
        flags=flags(service, [row.id for row in rows]),
        total=sum(counts.values()),
        summary=summary(counts),
        may_compare=sum(row.answer_sha256 is not None for row in rows) > 1,
        wanted=wanted,
        after=after,
        older=wanted.query(older) if older else None,
        newest=wanted.query(),
        states=STATE_NAMES,
        shown=SHOWN,
        tags=service.store.tags(),
        undo_days=service.settings.undo_days,
        cities=list(catalogue.cities.values()),
        examples=examples(),
        phases=PHASE_NAMES,
        may_plan=any(scope.holds(Scope.plan) for scope in scopes),
        may_delete=any(scope.holds(Scope.admin) for scope in scopes),
    )


def matching(store: Store, wanted: Wanted, after: str | None) -> tuple[list[PlanRow], str | None]:
    """Return a page of plans, newest first, and the id after which older ones begin (None when there are none)."""
    if not wanted.text:
        rows = list(store.page(limit=PAGE + 1, after=after, state=wanted.state, city=wanted.city, card=wanted.card))
        return rows[:PAGE], rows[PAGE - 1].id if rows[PAGE:] else None
    found: list[PlanRow] = []
    for _ in range(MOST_SCANNED // BATCH):
        batch = store.page(limit=BATCH, after=after, state=wanted.state, city=wanted.city, card=wanted.card)
        for row in batch:
            if _says(row, wanted.text):
                if len(found) == PAGE:
                    return found, found[-1].id
                found.append(row)
        if len(batch) < BATCH:
            return found, None
        after = batch[-1].id
    return found, after


def _says(row: PlanRow, text: str) -> bool:
    said = f"{row.name}\n{row.request.get('note', '')}\n{row.id}\n{' '.join(row.tags)}".casefold()
    return all(word in said for word in text.casefold().split())


def summary(counts: Mapping[str, int]) -> str:
    """Return how many plans there are, in words.

    >>> summary({"succeeded": 3, "running": 1})
    '4 plans: 1 solving and 3 solved'
    """
    told = [f"{counts[state]} {STATE_NAMES[state]}" for state in COUNTED if counts.get(state)]
    total = several(sum(counts.values()), "plan")
    return f"{total}: {listed(told)}" if told else total


def views(trees: list[Node], catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Return by id what the list shows of each plan."""
    parents = {child.id: node.row for node in flat(trees) for child in node.children}
    return {n.id: view(n.row, parents.get(n.id), catalogue) for n in flat(trees) if n.row is not None}


def view(row: PlanRow, parent: PlanRow | None, catalogue: Catalogue) -> dict[str, Any]:
    """Return what the list shows of a plan."""
    told = changes(row, parent, catalogue) if row.parent is not None else []
    kpis = dict(row.kpis or {})
    return {
        "asked": asked_briefly(row.request, catalogue),
        "changes": told[:SHOWN_CHANGES],
        "more_changes": told[SHOWN_CHANGES:],
        "ended": row.state in FINAL,
        "has_answer": row.answer_sha256 is not None,
        "phase": PHASE_NAMES.get(row.phase, row.phase),
        "live": _live(kpis, cities_asked(row.request, catalogue)),
        "fleet": several(kpis["vehicles_end"], "vehicle") if kpis.get("cities_live") else None,
        "seconds": seconds_of(row),
        "against": _against(row, parent),
        "band": _band(row, parent),
        "why": _why(row),
        "created": _utc(row.created_at),
        "iso": row.created_at.isoformat(),
        "since": (row.started_at or row.created_at).isoformat(),
    }


def _live(kpis: Mapping[str, Any], asked: int) -> str | None:
    """Return how many of the cities asked for open."""
    if not kpis:
        return None
    live = kpis["cities_live"]
    return f"{live} of {several(asked, 'city', 'cities')}" if live else "no city opens"


def _against(row: PlanRow, parent: PlanRow | None) -> str | None:
    """Return how much more or less a rerun is worth than its parent."""
    if parent is None or row.state not in FINAL or row.objective is None or parent.objective is None:
        return None
    return signed(row.objective - parent.objective)


def _band(row: PlanRow, parent: PlanRow | None) -> str:
    """Return what the best plans of both can be apart; empty where that reads as the difference, or is not known."""
    if parent is None or row.objective is None or parent.objective is None or row.bound is None or parent.bound is None:
        return ""
    return band_briefly(Band.between((parent.objective, parent.bound), (row.objective, row.bound))).strip()


def _why(row: PlanRow) -> str:
    """Return in a sentence why a plan ended without one."""
    problem = dict(row.problem or {})
    if clashes := conflicts_from(problem.get("clashes") or []):
        return briefly(clashes)
    if row.state == "cancelled" and row.answer_sha256 is None:
        return "Stopped before a first plan was found."
    return str(problem.get("detail") or problem.get("title") or "")


def _utc(moment: datetime) -> str:
    return moment.strftime("%d %b %Y, %H:%M UTC").lstrip("0")
