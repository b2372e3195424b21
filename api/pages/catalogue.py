"""The catalogue: cities, permits, partners, and every figure with source, year and confidence."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import problems as p
from api.deps import Service, ServiceDep, may_read
from api.documents import Document
from api.media import CSV
from api.pages import figure_filter
from api.pages.shell import drawn, shared_page
from api.routes.parameters import Slug
from fleetplan.report import catalogue as view
from fleetplan.report import partner as partner_view
from fleetplan.report.figures import as_csv, chosen
from fleetplan.report.permit_graph import idle_events, law_groups, permit_graph
from fleetplan.report.place_svg import catalogue_map
from fleetplan.words import catalogue as words
from fleetplan.words import figure_rows
from fleetplan.words.figures import TOPICS
from fleetplan.words.trips import demand_sentence

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)

HERE = "catalogue"
Asked = Annotated[figure_filter.Filter, Depends(figure_filter.asked)]


@router.get("/catalogue")
async def overview(request: Request, service: ServiceDep) -> Response:
    """Return what is known, and how surely."""
    return await shared_page(request, service, partial(_overview, request, service))


@router.get("/catalogue/cities/{city}")
async def city(request: Request, service: ServiceDep, city: Slug) -> Response:
    """Return all that is known of a city."""
    return await shared_page(request, service, partial(_city, request, service, city))


@router.get("/catalogue/permits")
async def permits(request: Request, service: ServiceDep) -> Response:
    """Return every jurisdiction's permits as a graph and as rows."""
    return await shared_page(request, service, partial(_permits, request, service))


@router.get("/catalogue/partners")
async def partners(request: Request, service: ServiceDep) -> Response:
    """Return the partners' stacks, the plants behind them, and the markets live today."""
    return await shared_page(request, service, partial(_partners, request, service))


@router.get("/catalogue/partners/{stack}")
async def partner(request: Request, service: ServiceDep, stack: Slug) -> Response:
    """Return one stack: contract, vehicle, supply, where it may run."""
    return await shared_page(request, service, partial(_partner, request, service, stack))


@router.get("/catalogue/figures")
async def figures(request: Request, service: ServiceDep, asked: Asked) -> Response:
    """Return the figures that a filter leaves, a page of them at a time; ``key`` shows one figure by itself on top."""
    return await shared_page(request, service, partial(_figures, request, service, asked))


@router.get("/catalogue/figures.csv")
async def figures_csv(request: Request, service: ServiceDep, asked: Asked) -> Response:
    """Return the figures that a filter leaves as CSV."""
    return await shared_page(request, service, partial(_figures_csv, service, asked))


def _figures_csv(service: Service, asked: figure_filter.Filter) -> Document:
    found = chosen(figure_rows.figure_rows(service.known.catalogue).values(), asked)
    headers = {"Content-Disposition": 'attachment; filename="fleetplan-figures.csv"'}
    return Document(as_csv(found).encode(), CSV, headers)


def _overview(request: Request, service: Service) -> Document:
    known = service.known.catalogue
    return drawn(
        request,
        "catalogue.html.j2",
        title="Catalogue",
        here=HERE,
        known=known,
        whole=view.overall(known),
        cities=view.city_rows(known),
        by_city=view.by_city(known),
        by_topic=view.by_topic(known),
        years=view.years_spoken_of(known),
        words=words,
    )


def _city(request: Request, service: Service, city: str) -> Document:
    known = service.known.catalogue
    found = known.cities.get(city)
    if found is None:
        flaw = p.Flaw("is no city of the catalogue", parameter="city", value=city, allowed=", ".join(known.cities))
        raise p.CityNotFound(flaws=[flaw])
    laws = [known.jurisdictions[slug] for slug in found.jurisdictions]
    permits = known.permits_for(city)
    return drawn(
        request,
        "catalogue_city.html.j2",
        title=found.name,
        here=HERE,
        c=found,
        known=known,
        verdict=view.city_verdict(known, found),
        demand_said=demand_sentence(found),
        sure=view.own_sureness(known, found),
        drawn=catalogue_map(found),
        law=view.law_sentence(known, found),
        graph=permit_graph(permits.values(), laws),
        permits=permits,
        titles=view.titles(known),
        events=[event for body in laws for event in body.events.values()],
        places=partner_view.deployments(known, city=city),
        groups=view.figure_groups(known, found),
        profiles=view.profiles(known, found),
        tables=view.row_counts(found),
        words=words,
    )


def _permits(request: Request, service: Service) -> Document:
    known = service.known.catalogue
    groups = [
        {
            "laws": laws,
            "cities": [c for c in known.cities.values() if {law.slug for law in laws} & set(c.jurisdictions)],
            "graph": permit_graph((q for law in laws for q in law.permits.values()), laws),
            "idle": idle_events(laws),
        }
        for laws in law_groups(known)
    ]
    return drawn(
        request,
        "catalogue_permits.html.j2",
        title="Permits",
        here=HERE,
        groups=groups,
        titles=view.titles(known),
        counted=sum(len(law.permits) for law in known.jurisdictions.values()),
        words=words,
    )


def _partners(request: Request, service: Service) -> Document:
    known = service.known.catalogue
    return drawn(
        request,
        "catalogue_partners.html.j2",
        title="Partners",
        here=HERE,
        known=known,
        groups=partner_view.partner_groups(known),
        words=words,
    )


def _partner(request: Request, service: Service, stack: str) -> Document:
    known = service.known.catalogue
    found = known.stacks.get(stack)
    if found is None:
        flaw = p.Flaw("is no stack of the catalogue", parameter="stack", value=stack, allowed=", ".join(known.stacks))
        raise p.PartnerNotFound(flaws=[flaw])
    rows = figure_rows.figure_rows(known)
    return drawn(
        request,
        "catalogue_stack.html.j2",
        title=f"{found.partner}, {found.platform}",
        here=HERE,
        s=found,
        known=known,
        verdict=partner_view.stack_verdict(known, found),
        terms=partner_view.terms(known, found),
        payers=words.payers(found),
        rules=partner_view.origin_rules(known, found),
        supply=partner_view.supply(known, found),
        line=partner_view.supply_line(known, found),
        holds=[(held, partner_view.begun(held.hold)) for held in partner_view.holds(known, found)],
        places=partner_view.deployments(known, stack=stack),
        vehicle=[rows[f.key] for key, f in found.figures.items() if key.startswith("vehicle.")],
        figures=[rows[f.key] for f in found.figures.values()],
        words=words,
    )


def _figures(request: Request, service: Service, asked: figure_filter.Filter) -> Document:
    known = service.known.catalogue
    rows = figure_rows.figure_rows(known)
    found = chosen(rows.values(), asked)
    pages = max(1, -(-len(found) // figure_filter.PER_PAGE))
    at = min(asked.page, pages)
    one = rows.get(asked.key)
    return drawn(
        request,
        "catalogue_figures.html.j2",
        title="Figures" if one is None else f"{one.title}, {one.where}",
        here=HERE,
        asked=asked,
        one=one,
        card=None if one is None else view.card(known, one),
        found=found,
        shown=found[(at - 1) * figure_filter.PER_PAGE : at * figure_filter.PER_PAGE],
        at=at,
        pages=pages,
        first=(at - 1) * figure_filter.PER_PAGE + 1,
        counts=figure_rows.counts(found),
        all_count=len(rows),
        cities=sorted(known.cities.values(), key=lambda c: c.name),
        stacks=sorted(known.stacks.values(), key=lambda s: (s.partner, s.platform)),
        topics=TOPICS,
        words=words,
    )
