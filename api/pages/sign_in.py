"""Sign in with an API key, where keys are in use; the key stays in a cookie that scripts cannot read."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import APIRouter, Query, Request, Response

from api.deps import ServiceDep
from api.pages.shell import page
from api.prefix import at, cookie_path
from api.problems import ServiceError
from api.security import KEY_COOKIE

router = APIRouter(include_in_schema=False, default_response_class=Response)

ADDRESS_SIGNS = "/?#[]@!$&'()*+,;=:%-._~"
"""What stays as it is in an address; anything else (an umlaut in a name) is written in per cent, as headers need it."""

KEPT_S = 30 * 24 * 3600


@router.get("/sign-in")
async def form(request: Request, following: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Return the form."""
    return page(request, "sign_in.html.j2", title="Sign in", following=inside(following), wrong=False)


@router.post("/sign-in")
async def enter(request: Request, service: ServiceDep) -> Response:
    """Keep a key that is in force in a cookie and go where the visitor wanted to go."""
    sent = parse_qs((await request.body()).decode("utf-8", "replace"))
    key, following = sent.get("key", [""])[0].strip(), inside(sent.get("next", ["/"])[0])
    try:
        await service.guard.caller(f"Bearer {key}", client=request.client.host if request.client else "")
    except ServiceError:
        return page(request, "sign_in.html.j2", code=403, title="Sign in", following=following, wrong=True)
    answer = Response(status_code=303, headers={"Location": at(following)})
    secure = request.url.scheme == "https"
    answer.set_cookie(
        KEY_COOKIE, key, max_age=KEPT_S, httponly=True, samesite="strict", secure=secure, path=cookie_path()
    )
    return answer


@router.post("/sign-out")
async def leave() -> Response:
    """Forget the key, and what the browser keeps of requests that were not sent."""
    answer = Response(status_code=303, headers={"Location": at("/sign-in"), "Clear-Site-Data": '"storage"'})
    answer.delete_cookie(KEY_COOKIE, path=cookie_path(), httponly=True, samesite="strict")
    return answer


def inside(address: str) -> str:
    """Return an address of this service, ``/`` for any other.

    >>> inside("/plans?state=queued"), inside("//elsewhere.example/x"), inside("https://elsewhere.example")
    ('/plans?state=queued', '/', '/')
    """
    parts = urlsplit(address)
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return quote(address, safe=ADDRESS_SIGNS) if plain and address.isprintable() and "\\" not in address else "/"
