"""Two plans side by side: what changed and why."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import may_read

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)
