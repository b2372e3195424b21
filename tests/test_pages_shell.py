"""The frame of all pages: sign-in, problems as pages, assets kept for good, a policy without inline script."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from api.pages.assets import asset_path, plotly_path
from api.pages.shell import as_data
from api.security import KEY_COOKIE
from fleetplan.words.unbroken import NO_BREAK
from tests.api_support import Running, running

HTML = {"Accept": "text/html"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def site(tmp_path: Path):
    with running(tmp_path) as service:
        yield service


def test_the_root_leads_to_the_plans(site: Running):
    answer = site.client.get("/", headers=HTML)
    assert answer.status_code == 200
    assert answer.url.path == "/plans"


def test_a_page_allows_no_script_but_our_own(site: Running):
    policy = site.client.get("/plans", headers=HTML).headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["script-src"] == "'self'"
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"


def test_no_page_template_holds_an_inline_script_or_handler(root: Path):
    for template in (root / "api" / "pages" / "templates").glob("*.j2"):
        text = template.read_text(encoding="utf-8")
        for tag in re.findall(r"<script\b[^>]*>", text):
            assert "src=" in tag or "application/json" in tag, (template.name, tag)
        assert not re.search(r"<[^>]+\son[a-z]+\s*=", text), template.name
        assert "|safe" not in text.replace(" ", ""), template.name


def test_no_line_of_a_page_ends_within_an_amount(site: Running):
    page = site.client.get(f"/plans/{site.made()}", headers=HTML).text
    shown = re.sub(r"<(script|style|title|textarea|option|svg|pre|code)\b.*?</\1>|<[^>]*>", "|", page, flags=re.DOTALL)
    assert re.search(rf"[$]\d+(\.\d+)?{NO_BREAK}M\b", shown)
    assert re.findall(r".{20}\d (?:M|bn|k|%)(?!\w)|[−+][$]", shown) == []


def test_the_export_keeps_a_policy_of_its_own(site: Running):
    plan = site.made()
    policy = site.client.get(f"/v1/plans/{plan}/export?format=html").headers["content-security-policy"]
    assert "connect-src" not in policy
    assert "default-src 'none'" in policy


def test_an_unknown_plan_is_told_as_a_page_to_a_browser_and_as_problem_json_to_a_program(site: Running):
    page = site.client.get("/plans/plan_nowhere", headers=HTML)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "There is no such plan" in page.text
    assert site.client.get("/v1/plans/plan_nowhere", headers=HTML).headers["content-type"] == "application/problem+json"


def test_a_hostile_address_appears_as_text(site: Running):
    page = site.client.get("/plans/<script>alert(1)</script>", headers=HTML)
    assert "<script>alert" not in page.text


def test_assets_are_kept_for_good_under_an_address_that_changes_with_them(site: Running):
    style = site.client.get(asset_path("fleetplan.css"))
    assert "immutable" in style.headers["cache-control"]
    assert "--accent" in style.text
    assert site.client.get("/assets/0000/fleetplan.css").status_code == 200
    assert site.client.get("/assets/0000/../../../pyproject.toml").status_code == 404
    assert site.client.get(asset_path("nothing.js")).status_code == 404


def test_plotly_comes_from_its_package(site: Running):
    answer = site.client.get(plotly_path(), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert "Plotly" in answer.text


def test_a_data_block_cannot_be_ended_by_its_data():
    assert "</script>" not in as_data({"name": "</script><script>alert(1)</script>"})


def test_where_keys_are_in_use_a_browser_is_led_to_the_sign_in(site: Running):
    secret = site.store.add_key("boss", ["plan"])
    site.service.guard._asked = float("-inf")
    away = site.client.get("/plans?state=queued", headers=HTML, follow_redirects=False)
    assert away.status_code == 303
    assert away.headers["location"].startswith("/sign-in?next=/plans")
    assert site.client.get("/sign-in", headers=HTML).status_code == 200
    assert site.client.get(asset_path("fleetplan.css")).status_code == 200
    wrong = site.client.post("/sign-in", content=urlencode({"key": "nonsense", "next": "/plans"}), headers=FORM)
    assert wrong.status_code == 403
    assert "not in force" in wrong.text
    form = urlencode({"key": secret, "next": "/plans"})
    right = site.client.post("/sign-in", content=form, headers=FORM, follow_redirects=False)
    assert right.status_code == 303
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert site.client.get("/plans", headers=HTML, follow_redirects=False).status_code == 200
    left = site.client.post("/sign-out", follow_redirects=False).headers
    assert (left["location"], left["clear-site-data"]) == ("/sign-in", '"storage"')
    assert KEY_COOKIE not in site.client.cookies


@pytest.mark.parametrize("next_page", ["//elsewhere.example", "https://elsewhere.example/x", "/\\elsewhere.example"])
def test_sign_in_never_leads_to_another_site(site: Running, next_page: str):
    form = urlencode({"key": "", "next": next_page})
    answer = site.client.post("/sign-in", content=form, headers=FORM, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_another_site_cannot_sign_out_or_post(site: Running):
    refused = site.client.post("/sign-out", headers={"Origin": "https://elsewhere.example"})
    assert refused.status_code == 403


@pytest.mark.parametrize(("theme", "said"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')])
def test_colours_chosen_by_hand_are_in_the_first_paint(site: Running, theme: str, said: str):
    site.client.cookies.set("theme", theme)
    assert said in site.client.get("/plans", headers=HTML).text


def test_a_made_up_theme_is_not_taken_over(site: Running):
    site.client.cookies.set("theme", '"><script>')
    page = site.client.get("/plans", headers=HTML).text
    assert "data-theme" not in page.partition("<body")[0]
