"""What people say about plans: their cards (name, tags, archived, chosen), the bin, comments."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response

from api import problems as p
from api.card_schemas import Card, CardPatch, Comment, Comments, NewComment, Tags
from api.deps import PlanId, ServiceDep, StoredDep, may_delete, may_plan, may_read
from api.documents import Document, json_document
from api.openapi import ETAGGED, WITH_BODY, answer, body_example, refusals, unchanged
from api.routes.parameters import SLUG
from api.security import Caller, Scope
from api.store.contract import PlanRow
from api.strict_json import StrictRoute

router = APIRouter(prefix="/v1", tags=["plans"], default_response_class=Response, route_class=StrictRoute)
IfMatch = Annotated[
    str | None, Header(max_length=500, description="ETag of the card that the change was made from; without it any")
]


@router.get(
    "/tags",
    operation_id="list_tags",
    summary="List the tags in use",
    dependencies=[may_read],
    responses={200: answer("Every tag.", Tags, example="tags", headers=ETAGGED), 304: unchanged(), **refusals()},
)
def tags(request: Request, service: ServiceDep) -> Response:
    """List every tag that a plan has, with the number of plans."""
    return json_document(Tags(tags=dict(service.store.tags()))).respond(request)


@router.get(
    "/plans/{plan}/card",  # noqa: FAST003  stored() takes it
    operation_id="get_card",
    summary="A plan's card: name, tags, archived, chosen",
    dependencies=[may_read],
    responses={
        200: answer("The card.", Card, example="card", headers=ETAGGED),
        304: unchanged(),
        **refusals(p.PlanNotFound, p.BadRequest),
    },
)
def card(request: Request, row: StoredDep) -> Response:
    """Return what people say about a plan in short; its ETag is what a change sends as If-Match."""
    return _document(row).respond(request)


@router.patch(
    "/plans/{plan}/card",
    operation_id="change_card",
    summary="Rename, tag, archive or choose a plan",
    dependencies=[may_plan],
    responses={
        200: answer("The card as it is now.", Card, example="card", headers=ETAGGED),
        **refusals(*WITH_BODY, p.PlanNotFound, p.CardMoved, p.DiskFull),
    },
    openapi_extra=body_example("card_patch"),
)
def change_card(
    request: Request, service: ServiceDep, plan: PlanId, body: CardPatch, if_match: IfMatch = None
) -> Response:
    """Change what is named of a plan's card; request and plan stay as they are. Choosing a plan takes the mark off its kin."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    row = service.store.change_card(plan, changes, revision=_revision(if_match))
    service.forget_statuses()
    return _document(row).respond(request)


@router.post(
    "/plans/{plan}/restore",
    operation_id="restore_plan",
    summary="Bring a deleted plan back",
    dependencies=[may_delete],
    responses={
        200: answer("The card of the plan, which is there again.", Card, headers=ETAGGED),
        **refusals(p.PlanNotFound, p.CrossOrigin, p.BadRequest, p.BodyTooLarge, p.TooSlow, p.DiskFull),
    },
)
def restore(request: Request, service: ServiceDep, plan: PlanId) -> Response:
    """Undo a delete within the days that deleted plans are kept; safe to repeat."""
    row = service.store.restore(plan)
    service.forget_statuses()
    return _document(row).respond(request)


@router.get(
    "/plans/{plan}/comments",  # noqa: FAST003  stored() takes it
    operation_id="list_comments",
    summary="What was said about a plan",
    dependencies=[may_read],
    responses={
        200: answer("Every comment, the oldest first.", Comments, example="comments", headers=ETAGGED),
        304: unchanged(),
        **refusals(p.PlanNotFound, p.BadRequest),
    },
)
def comments(request: Request, service: ServiceDep, row: StoredDep) -> Response:
    """Return every comment on a plan: who, when, what."""
    said = [Comment.of(comment) for comment in service.store.comments(row.id)]
    return json_document(Comments(plan=row.id, comments=said)).respond(request)


@router.post(
    "/plans/{plan}/comments",
    operation_id="add_comment",
    summary="Say something about a plan",
    status_code=201,
    dependencies=[may_plan],
    responses={
        201: answer("The comment.", Comment, example="comment"),
        **refusals(*WITH_BODY, p.PlanNotFound, p.CommentsFull, p.DiskFull),
    },
    openapi_extra=body_example("comment_new"),
)
def add_comment(request: Request, service: ServiceDep, plan: PlanId, body: NewComment) -> Response:
    """Store a comment. Its author is the name of the key it was sent with; where none are in use, whoever the body names."""
    caller: Caller = request.scope["caller"]
    author = caller.name if caller.key else " ".join(body.author.split())
    row = service.store.add_comment(plan, body.text, author=author, key=caller.key)
    return json_document(Comment.of(row)).respond(request, 201)


@router.delete(
    "/plans/{plan}/comments/{comment}",
    operation_id="delete_comment",
    summary="Take a comment back",
    status_code=204,
    dependencies=[may_plan],
    responses={
        204: {"description": "It is gone."},
        **refusals(p.CommentNotFound, p.CrossOrigin, p.BadRequest, p.BodyTooLarge, p.TooSlow, p.DiskFull),
    },
)
def delete_comment(
    request: Request, service: ServiceDep, plan: PlanId, comment: Annotated[str, Path(pattern=SLUG)]
) -> Response:
    """Remove a comment: one's own, or, with scope admin, anybody's."""
    caller: Caller = request.scope["caller"]
    own = None if any(scope.holds(Scope.admin) for scope in caller.scopes) else caller.key
    if not service.store.remove_comment(plan, comment, key=own):
        msg = f"no comment of yours is called {comment!r} here"
        raise p.CommentNotFound(msg)
    return Response(status_code=204)


def _document(row: PlanRow) -> Document:
    return json_document(Card.of(row), tag=f'"{row.revision}"')


def _revision(given: str | None) -> int | None:
    """Return the revision that an If-Match names (strong comparison, RFC 9110); one that is none of ours matches nothing."""
    if given is None or given.strip() == "*":
        return None
    bare = given.strip().strip('"')
    return int(bare) if given.strip() == f'"{bare}"' and bare.isdecimal() and len(bare) < 10 else -1
