"""A service that a proxy shows under a path of its own: every address that goes out begins with it, whatever comes in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from api.pages.shell import HEADERS
from api.settings import Settings
from tests.api_support import BODY, Running, running

ROOT = "/tools/fleetplan"
HTML = {"Accept": "text/html"}
OUTWARD = re.compile(r'\b(?:href|src|action|content)="(/[^"]*)"|\bdata-[a-z]+="(/(?:v1|plans|catalogue|pages)/[^"]*)"')
OURS = re.compile(r'"(/(?:v1|plans|catalogue|pages|assets)[/?"][^"]*)"')


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("proxy"), root_path=ROOT) as service:
        service.client.follow_redirects = False
        yield service


@pytest.fixture(scope="module")
def plan(site: Running) -> str:
    return site.made()


def addresses_of(site: Running, plan: str) -> list[str]:
    rerun = site.client.post(f"/v1/plans/{plan}/reruns", json={"patch": {"discount_rate": 0.12}}).json()["id"]
    infeasible = site.made("infeasible")
    return [
        "/plans", "/plans?q=none", "/plans/new", f"/plans/{plan}", f"/plans/{rerun}", f"/plans/{infeasible}",
        f"/plans/{plan}/rerun", f"/plans/{plan}/cities/london", f"/plans/{plan}/comparison", f"/plans/{plan}/doubt",
        "/catalogue", "/catalogue/figures?q=fare", "/catalogue/permits", "/catalogue/partners", "/catalogue/cities/zurich",
        "/catalogue/partners/lucid-nuro-gravity", "/sign-in", "/plans/none",
    ]  # fmt: skip


def test_every_address_of_every_page_begins_with_the_path(site: Running, plan: str):
    for address in addresses_of(site, plan):
        page = site.client.get(f"{ROOT}{address}", headers=HTML).text
        assert f'data-root="{ROOT}"' in page, address
        out = [found for found in map("".join, OUTWARD.findall(page)) if not f"{found}/".startswith(f"{ROOT}/")]
        assert not out, address
        data = " ".join(re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL))
        assert not OURS.findall(data), address


def test_every_address_in_an_answer_begins_with_the_path(site: Running, plan: str):
    posted = site.client.post(f"{ROOT}/v1/plans", json=BODY)
    other = site.made("dearer")
    answers = [
        posted,
        site.client.get(f"{ROOT}/v1/plans?limit=1"),
        site.client.get(f"{ROOT}/v1/plans/{plan}"),
        site.client.get(f"{ROOT}/v1/plans/{plan}/comparison", params={"with": other}),
        site.client.get(f"{ROOT}/v1/plans/{plan}/why-not?city=munich"),
        site.client.get(f"{ROOT}/v1/plans/none"),
    ]
    for answered in answers:
        assert not OURS.findall(answered.text), answered.text
    assert posted.headers["location"].startswith(f"{ROOT}/v1/plans/plan_")
    assert answers[1].headers["link"].startswith(f"<{ROOT}/v1/plans?")
    assert answers[-1].json()["instance"] == f"{ROOT}/v1/plans/none"
    assert site.client.get("/openapi.json").json()["servers"] == [{"url": ROOT}]


def test_the_proxy_may_have_taken_the_path_off(site: Running, plan: str):
    for before in ("", ROOT):
        assert site.client.get(f"{before}/v1/plans/{plan}").json()["links"]["self"] == f"{ROOT}/v1/plans/{plan}"
        style = re.search(r'href="([^"]+fleetplan\.css)"', site.client.get(f"{before}/plans", headers=HTML).text)
        assert style is not None
        assert "immutable" in site.client.get(style[1]).headers["cache-control"]
        assert (
            site.client.get(f"{before}/plans").headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
        )


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (ROOT, f"{ROOT}/plans"),
        ("/", f"{ROOT}/plans"),
        (f"{ROOT}/plans/", f"http://127.0.0.1:8000{ROOT}/plans"),
    ],
)
def test_redirects_stay_below_the_path(site: Running, path: str, to: str):
    assert site.client.get(path, headers=HTML).headers["location"] == to


def test_a_key_is_kept_for_the_path_alone(tmp_path: Path):
    with running(tmp_path, root_path=f"{ROOT}/") as site:
        site.client.follow_redirects = False
        key = site.store.add_key("k", ["read"])
        site.service.guard._asked = float("-inf")
        led = site.client.get(f"{ROOT}/plans?state=queued", headers=HTML)
        assert led.headers["location"] == f"{ROOT}/sign-in?next=/plans%3Fstate%3Dqueued"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        entered = site.client.post(f"{ROOT}/sign-in", content=f"key={key}&next=/plans", headers=form)
        assert entered.headers["location"] == f"{ROOT}/plans"
        assert f"Path={ROOT};" in f"{entered.headers['set-cookie']};"
        left = site.client.post(f"{ROOT}/sign-out")
        assert left.headers["location"] == f"{ROOT}/sign-in"
        assert f"Path={ROOT};" in f"{left.headers['set-cookie']};"


@pytest.mark.parametrize("path", ["tools", "/a b", "//evil.example", '/"x', "/a//b", "/ä"])
def test_what_is_no_path_is_refused_at_the_start(path: str):
    with pytest.raises(ValidationError, match="such as /fleetplan"):
        Settings(root_path=path)


def test_scripts_ask_for_addresses_below_the_path(root: Path):
    bare = re.compile(r'(?<!at\()(?<!split\()[`"]/(?:v1|plans|catalogue|pages)/')
    for script in (root / "api" / "pages" / "static").rglob("*.js"):
        lines: list[Any] = [
            line
            for line in script.read_text(encoding="utf-8").splitlines()
            if bare.search(line) and "await loadGround(`" not in line
        ]
        assert not lines, (script.name, json.dumps(lines))
