"""The partners' stacks of the catalogue, with sources."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from api import problems as p
from api.deps import ServiceDep, may_read
from api.documents import Document, json_document
from api.openapi import ETAGGED, answer, refusals, unchanged
from api.routes.parameters import Slug
from api.schemas import Partners
from fleetplan.catalogue.describe import figure_row
from fleetplan.catalogue.types import Catalogue, Stack

ASKED = frozenset({"slips", "slip_months"})
"""What of a deployment a request says, and not the catalogue."""

router = APIRouter(prefix="/v1/partners", tags=["catalogue"], dependencies=[may_read], default_response_class=Response)


@router.get(
    "",
    operation_id="list_partners",
    summary="List the partners' stacks",
    responses={
        200: answer("Every stack with its contract and cities.", Partners, example="partners", headers=ETAGGED),
        304: unchanged(),
        **refusals(),
    },
)
async def partners(request: Request, service: ServiceDep) -> Response:
    """List the stacks of the catalogue."""
    return (await service.rendered.made("partners", partial(_all, service.known.catalogue))).respond(request)


@router.get(
    "/{stack}",
    operation_id="show_partner",
    summary="Show a stack: contract, figures with sources, permits held, deployments",
    responses={
        200: answer("The stack.", example="partner", headers=ETAGGED),
        304: unchanged(),
        **refusals(p.PartnerNotFound, p.BadRequest),
    },
)
async def partner(request: Request, service: ServiceDep, stack: Slug) -> Response:
    """Show everything the catalogue knows about a stack."""
    known = service.known.catalogue
    if stack not in known.stacks:
        flaw = p.Flaw(
            "is no stack of the catalogue", parameter="stack", value=stack, allowed=", ".join(sorted(known.stacks))
        )
        raise p.PartnerNotFound(flaws=[flaw])
    made = await service.rendered.made(f"partner/{stack}", lambda: json_document(_detail(known, known.stacks[stack])))
    return made.respond(request)


def _all(known: Catalogue) -> Document:
    return json_document({"partners": [_summary(known, stack) for stack in known.stacks.values()]})


def _summary(known: Catalogue, stack: Stack) -> dict[str, Any]:
    facts = [fact for (slug, _), fact in known.deployments.items() if slug == stack.slug]
    return {
        "slug": stack.slug,
        "partner": stack.partner,
        "platform": stack.platform,
        "origin": stack.origin,
        "rival": stack.rival,
        "contract_type": stack.contract_type,
        "exclusive": stack.exclusive,
        "lead_months": stack.lead_months,
        "cities": sorted(f.city for f in facts if f.permitted != "no" and f.deal in ("announced", "talks")),
    }


def _detail(known: Catalogue, stack: Stack) -> dict[str, Any]:
    facts = [fact for (slug, _), fact in known.deployments.items() if slug == stack.slug]
    return {
        **_summary(known, stack),
        "aliases": list(stack.aliases),
        "electric": stack.electric,
        "left_hand_drive": stack.lhd,
        "right_hand_drive": stack.rhd,
        "snow": stack.snow_ok,
        "highway": stack.highway_ok,
        "operator_seat": stack.operator_seat,
        "platform_pays": sorted(stack.platform_pays),
        "contract_notes": stack.contract_notes,
        "notes": stack.notes,
        "holds": [asdict(hold) for hold in stack.holds],
        "figures": [figure_row(figure) for figure in stack.figures.values()],
        "deployments": [{k: v for k, v in asdict(fact).items() if k not in ASKED} for fact in facts],
    }
