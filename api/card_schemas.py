"""The shapes of what people say about plans: cards and comments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from api.schemas import Answer, Body
from api.store.cards import CommentRow
from api.store.contract import PlanRow
from fleetplan.request.values import Name

MOST_TAGS, LONGEST_TAG = 20, 40
PLAIN_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"


def _whole(name: str) -> str:
    if not (bare := " ".join(name.split())):
        msg = "holds nothing but blanks: write a name"
        raise ValueError(msg)
    return bare


def _said(text: str) -> str:
    if not (bare := text.strip()):
        msg = "holds nothing but blanks: say something"
        raise ValueError(msg)
    return bare


def _tags(tags: list[str]) -> list[str]:
    """Return tags without blanks at their ends, each once, however it is written."""
    found: dict[str, str] = {}
    for tag in (" ".join(tag.split()) for tag in tags):
        if tag:
            found.setdefault(tag.casefold(), tag)
    return list(found.values())


Tag = Annotated[str, Field(max_length=LONGEST_TAG, pattern=r"^[^\x00-\x1f\x7f|,]+$")]


class CardPatch(Body):
    """What is to change of a plan's card; what is left out stays."""

    name: Annotated[Name, AfterValidator(_whole)] = Field(default="", description="what the plan is called from now on")
    tags: Annotated[list[Tag], Field(max_length=MOST_TAGS), AfterValidator(_tags)] = Field(
        default=[], description="all its tags: those that are not named are taken off"
    )
    archived: bool = Field(
        default=False, description="archived plans are left out of the list unless they are asked for"
    )
    chosen: bool = Field(
        default=False, description="the plan that is acted on: of a plan and all its reruns at most one"
    )


class Card(Answer):
    """A plan's card. ``revision`` counts its changes, and stands in its ETag."""

    plan: str
    name: str
    tags: list[str]
    archived_at: datetime | None
    chosen_at: datetime | None
    deleted_at: datetime | None = Field(description="since when the plan is in the bin")
    revision: int

    @classmethod
    def of(cls, row: PlanRow) -> Card:
        """Return a plan's card."""
        same = ("name", "archived_at", "chosen_at", "deleted_at", "revision")
        return cls(plan=row.id, tags=list(row.tags), **{name: getattr(row, name) for name in same})


class NewComment(Body):
    """What somebody says about a plan."""

    text: Annotated[str, Field(min_length=1, max_length=4000, pattern=PLAIN_TEXT), AfterValidator(_said)]
    author: Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")] = Field(
        default="", description="who says it; where API keys are in use, the name of the key is taken in its place"
    )


class Comment(Answer):
    """A comment: who said what, and when."""

    id: str
    at: datetime
    author: str
    text: str

    @classmethod
    def of(cls, row: CommentRow) -> Comment:
        """Return a comment."""
        return cls(id=row.id, at=row.at, author=row.author, text=row.text)


class Comments(Answer):
    """What was said about a plan, the oldest first."""

    plan: str
    comments: list[Comment]


class Tags(Answer):
    """Every tag in use, with the number of plans that have it."""

    tags: dict[str, int]
