"""Query parameters and headers that several routes take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Query

SLUG = r"^[A-Za-z0-9_.-]{1,80}$"
Slug = Annotated[str, Path(pattern=SLUG)]
CityFilter = Annotated[str | None, Query(pattern=SLUG, description="only this city")]
Accept = Annotated[str | None, Header(description="media types that are welcome", max_length=500)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="the same key with the same body within 24 hours is the same plan",
        examples=['"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
    ),
]
Prefer = Annotated[
    str | None, Header(max_length=200, description="wait=N: answer 200 if the plan ends within N seconds")
]
