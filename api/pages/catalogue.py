"""The catalogue: cities, permits, partners, and every figure with source, year and confidence."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import may_read

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)
