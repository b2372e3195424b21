"""A rerun: change what matters, see the patch in words, send it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import may_read

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)
