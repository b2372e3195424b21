"""The catalogue: cities, permits, partners, and every figure with source, year and confidence."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import problems as p
from api.deps import ServiceDep, may_read
from api.documents import Document
from api.media import CSV
from api.pages import catalogue_view as view
from api.pages.permit_graph import permit_graph
from api.pages.shell import page
from api.routes.parameters import SLUG, Slug
from fleetplan.catalogue.describe import deployment_rows, list_cities, permit_rows
from fleetplan.catalogue.figures import city_figures, trace
from fleetplan.catalogue.types import Catalogue
from fleetplan.report.place_svg import catalogue_map

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)

HERE = "catalogue"


@router.get("/catalogue")
def overview(request: Request, service: ServiceDep) -> Response:
    """Return what is known, and how surely."""
    known = service.known.catalogue
    return page(
        request,
        "catalogue.html.j2",
        title="Catalogue",
        here=HERE,
        known=known,
        cities=list_cities(known),
        totals=view.by_confidence(trace(known)),
        sureness=view.sureness(known),
        confidences=view.CONFIDENCES,
    )


@router.get("/catalogue/cities/{city}")
def city(request: Request, service: ServiceDep, city: Slug) -> Response:
    """Return all that is known of a city."""
    known = service.known.catalogue
    found = known.cities.get(city)
    if found is None:
        flaw = p.Flaw("is no city of the catalogue", parameter="city", value=city, allowed=", ".join(known.cities))
        raise p.CityNotFound(flaws=[flaw])
    return page(
        request,
        "catalogue_city.html.j2",
        title=found.name,
        here=HERE,
        c=found,
        people=next(row for row in list_cities(known) if row["slug"] == city),
        drawn=catalogue_map(found),
        laws=view.city_links(found, known),
        graph=permit_graph(
            known.permits_for(city).values(), [known.jurisdictions[slug] for slug in found.jurisdictions]
        ),
        permits=permit_rows(known, city),
        deployments=deployment_rows(known, city),
        counts=view.by_confidence(city_figures(found)),
        figures=list(found.figures.values()),
        view=view,
    )


@router.get("/catalogue/permits")
def permits(request: Request, service: ServiceDep) -> Response:
    """Return every jurisdiction's permits as a graph and as rows."""
    known = service.known.catalogue
    laws = [
        {"law": law, "graph": permit_graph(law.permits.values(), [law]), "cities": _cities_under(known, law.slug)}
        for law in known.jurisdictions.values()
        if law.permits
    ]
    return page(request, "catalogue_permits.html.j2", title="Permits", here=HERE, laws=laws, known=known, view=view)


@router.get("/catalogue/partners")
def partners(request: Request, service: ServiceDep) -> Response:
    """Return the partners' stacks."""
    known = service.known.catalogue
    rows = view.stack_rows(known)
    return page(request, "catalogue_partners.html.j2", title="Partners", here=HERE, rows=rows, view=view)


@router.get("/catalogue/partners/{stack}")
def partner(request: Request, service: ServiceDep, stack: Slug) -> Response:
    """Return one stack: contract, vehicle, supply, where it may run."""
    known = service.known.catalogue
    found = known.stacks.get(stack)
    if found is None:
        flaw = p.Flaw("is no stack of the catalogue", parameter="stack", value=stack, allowed=", ".join(known.stacks))
        raise p.PartnerNotFound(flaws=[flaw])
    facts = [fact for (slug, _), fact in known.deployments.items() if slug == stack]
    return page(
        request,
        "catalogue_stack.html.j2",
        title=found.partner,
        here=HERE,
        s=found,
        facts=sorted(facts, key=lambda f: (("announced", "talks", "none", "rival").index(f.deal), f.city)),
        names={slug: place.name for slug, place in known.cities.items()},
        titles={key: permit.title for law in known.jurisdictions.values() for key, permit in law.permits.items()},
        line=known.supply_lines.get(found.supply_line),
        view=view,
    )


@router.get("/catalogue/figures")
def figures(
    request: Request,
    service: ServiceDep,
    confidence: Annotated[str, Query(max_length=60)] = "",
    city: Annotated[str, Query(max_length=80)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    key: Annotated[str, Query(max_length=300)] = "",
    after: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """Return the figures that a filter leaves, a page of them at a time; ``key`` shows one figure by itself on top."""
    known = service.known.catalogue
    chosen = tuple(c for c in confidence.split(",") if c in view.CONFIDENCES)
    wanted = view.Wanted(chosen, city, q, key)
    found = view.figures(known, wanted)
    return page(
        request,
        "catalogue_figures.html.j2",
        title="Figures",
        here=HERE,
        wanted=wanted,
        one=next((figure for figure in trace(known) if figure.key == key), None) if key else None,
        shown=found[after : after + view.MOST_SHOWN],
        after=after,
        total=len(found),
        following=after + view.MOST_SHOWN if len(found) > after + view.MOST_SHOWN else None,
        places=view.places(known),
        confidences=view.CONFIDENCES,
        view=view,
    )


@router.get("/catalogue/figures.csv")
def figures_csv(
    request: Request,
    service: ServiceDep,
    confidence: Annotated[str, Query(max_length=60)] = "",
    city: Annotated[str, Query(pattern=f"^$|{SLUG}")] = "",
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Return the figures that a filter leaves as CSV."""
    chosen = tuple(c for c in confidence.split(",") if c in view.CONFIDENCES)
    body = view.figures_csv(view.figures(service.known.catalogue, view.Wanted(chosen, city, q)))
    headers = {"Content-Disposition": 'attachment; filename="fleetplan-figures.csv"'}
    return Document(body, CSV, headers).respond(request)


def _cities_under(known: Catalogue, law: str) -> list[tuple[str, str]]:
    return [(city.slug, city.name) for city in known.cities.values() if law in city.jurisdictions]
