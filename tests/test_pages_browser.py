"""What a person sees: a real service with real plans, before a real browser.

With ``FLEETPLAN_SHOTS`` naming a folder, pictures of every page in light, dark and phone width are left there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from fleetplan.words.unbroken import unbroken
from fleetplan.words.values import usd
from tests.browser import Site, Witness, judged_by_axe, overflows, serving
from tests.worker_process import until

pytestmark = pytest.mark.slow

HOSTILE = "Madrid & Zurich <script>alert('x')</script>"
REQUEST: dict[str, Any] = {
    "name": HOSTILE,
    "note": "Two cities, <b>twenty-five</b> million a quarter.",
    "capital": {"per_quarter_usd": 25e6},
    "cities": ["madrid", "zurich"],
    "horizon": {"start": "2027-01", "months": 48, "single_months": 6},
    "overrides": [{"figure": "madrid/city.toml#market.mean_fare_local", "factor": 2.0}],  # worth opening
    "constraints": [{"id": "launch-teams", "type": "launches_per_quarter", "max": 2}],
}
OPTIONS = {"time_limit_s": 40, "gap": 0.02}
PATCH = {
    "name": "Madrid slips six months",
    "constraints": {"madrid-slips": {"type": "permit_delay", "city": "madrid", "months": 6}},
}
IMPOSSIBLE = {
    **REQUEST,
    "name": "Too early",
    "constraints": [{"id": "madrid-now", "type": "launch_by", "city": "madrid", "month": "2027-02"}],
}
WIDE: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
DRAWN_MS = 20_000


@dataclass(frozen=True)
class World:
    """A service with a plan, its rerun and a finding, and by page the links that it was seen to have."""

    site: Site
    plan: str
    rerun: str
    infeasible: str
    links: dict[str, list[str]] = field(default_factory=dict)

    def paths(self) -> dict[str, str]:
        return {
            "plans": "/plans",
            "new": "/plans/new",
            "new-example": "/plans/new?from=uber-2027",
            "review": f"/plans/{self.plan}",
            "infeasible": f"/plans/{self.infeasible}",
            "city": f"/plans/{self.plan}/cities/madrid",
            "rerun": f"/plans/{self.plan}/rerun",
            "comparison": f"/plans/{self.rerun}/comparison",
            "catalogue": "/catalogue",
            "catalogue-city": "/catalogue/cities/zurich",
            "catalogue-permits": "/catalogue/permits",
            "catalogue-partners": "/catalogue/partners",
            "catalogue-stack": "/catalogue/partners/weride-gxr",
            "catalogue-figures": "/catalogue/figures?confidence=low&city=madrid",
            "doubt": f"/plans/{self.plan}/doubt",
            "recourse": f"/plans/{self.plan}/recourse",
            "alternatives": f"/plans/{self.plan}/alternatives",
            "own-plan": f"/plans/{self.plan}/own",
            "new-city": "/catalogue/new-city",
            "search": "/search?q=madrid",
            "side-by-side": f"/comparisons?plan={self.plan}&plan={self.rerun}",
        }


PAGES = (
    "plans",
    "new",
    "new-example",
    "review",
    "infeasible",
    "city",
    "rerun",
    "comparison",
    "catalogue",
    "catalogue-city",
    "catalogue-permits",
    "catalogue-partners",
    "catalogue-stack",
    "catalogue-figures",
)
LATER_PAGES = ("doubt", "recourse", "alternatives", "own-plan", "new-city", "search", "side-by-side")
"""Pages that are looked at once: light and wide, then dark and as wide as a phone."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(tmp_path_factory.mktemp("site")) as site:
        plan = site.made({"request": REQUEST, "options": OPTIONS})
        assert plan["state"] == "succeeded", plan
        rerun = site.call("POST", f"/v1/plans/{plan['id']}/reruns", {"patch": PATCH, "options": OPTIONS}, wait_s=60)
        assert rerun["state"] == "succeeded", rerun
        infeasible = site.made({"request": IMPOSSIBLE, "options": OPTIONS})
        assert infeasible["state"] == "infeasible", infeasible
        until(lambda: site.call("GET", f"/v1/plans/{infeasible['id']}")["phase"] != "mending", 60.0)
        yield World(site, plan["id"], rerun["id"], infeasible["id"])


def _opened(context: BrowserContext, world: World, path: str) -> tuple[Page, Witness]:
    page = context.new_page()
    witness = Witness(page)
    page.goto(world.site.address + path)
    _drawn(page)
    return page, witness


def _drawn(page: Page) -> None:
    """Wait until the network is quiet and whatever announces that it draws itself says that it is done."""
    page.wait_for_load_state("networkidle")
    for part in page.locator("[data-ready]").all():
        expect(part).to_have_attribute("data-ready", "yes", timeout=DRAWN_MS)


def _shot(page: Page, name: str) -> None:
    folder = os.environ.get("FLEETPLAN_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def _links(page: Page, name: str) -> list[str]:
    """Return where a page's links within the site lead; those within the page lead to one place in it."""
    leads = page.eval_on_selector_all("a[href]", "links => links.map(a => a.getAttribute('href'))")
    for address in leads:
        if address.startswith("#") and len(address) > 1:
            assert page.locator(f"[id='{address[1:]}']").count() == 1, (name, address)
    return [address.partition("#")[0] for address in leads if address.startswith("/")]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_fault_that_a_browser_or_axe_can_find(world: World, browser: Browser, name: str):
    context = browser.new_context(viewport=WIDE, color_scheme="light", reduced_motion="reduce")
    page, witness = _opened(context, world, world.paths()[name])
    world.links[name] = _links(page, name)
    assert not overflows(page)
    assert judged_by_axe(page) == []
    witness.saw_nothing_wrong()
    _shot(page, f"{name}-light")
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone_and_can_be_read_in_the_dark(world: World, browser: Browser, name: str):
    context = browser.new_context(viewport=PHONE, has_touch=True, color_scheme="dark", reduced_motion="reduce")
    page, witness = _opened(context, world, world.paths()[name])
    assert not overflows(page)
    assert judged_by_axe(page) == []
    witness.saw_nothing_wrong()
    _shot(page, f"{name}-phone")
    if os.environ.get("FLEETPLAN_SHOTS"):
        page.set_viewport_size(WIDE)
        _shot(page, f"{name}-dark")
    context.close()


@pytest.mark.parametrize("name", LATER_PAGES)
def test_a_page_has_no_fault_wide_and_light_nor_dark_on_a_phone(world: World, browser: Browser, name: str):
    context = browser.new_context(viewport=WIDE, color_scheme="light", reduced_motion="reduce")
    page, witness = _opened(context, world, world.paths()[name])
    for size, scheme in ((WIDE, "light"), (PHONE, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert not overflows(page)
        assert judged_by_axe(page) == []
        _shot(page, f"{name}-{scheme}")
    witness.saw_nothing_wrong()
    context.close()


def test_a_review_on_a_phone_folds_what_is_long_and_opens_what_is_asked_for(world: World, browser: Browser):
    context = browser.new_context(viewport=PHONE, has_touch=True, reduced_motion="reduce")
    page, witness = _opened(context, world, world.paths()["review"])
    folded = page.evaluate("document.documentElement.scrollHeight")
    for shown in (".tiles", "#launch-table", "#map .stops", "#timeline .gantt"):
        expect(page.locator(shown)).to_be_visible()
    money = page.get_by_role("button", name="Cash and capital")
    expect(money).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("heading", name="Returns")).to_be_hidden()
    money.click()
    expect(page.get_by_role("heading", name="Returns")).to_be_visible()
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="Proof").click()
    expect(page.locator("#certificate")).to_be_visible()
    page.set_viewport_size(WIDE)
    expect(page.locator("#money button.fold")).to_have_count(0)
    page.set_viewport_size(PHONE)
    page.reload()
    page.evaluate("for (const s of document.querySelectorAll('.shut')) s.classList.remove('shut')")
    assert folded < 0.6 * page.evaluate("document.documentElement.scrollHeight")
    witness.saw_nothing_wrong()
    context.close()


def test_a_chart_is_there_without_a_script_and_tells_what_a_period_holds(world: World, browser: Browser):
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
    page, witness = _opened(context, world, world.paths()["review"])
    assert "plotly" not in "".join(page.evaluate("performance.getEntriesByType('resource').map(e => e.name)"))
    chart = page.locator("[data-chart]").first
    box = chart.bounding_box()
    assert box is not None
    chart.hover(position={"x": box["width"] - 20, "y": 60})
    expect(chart.locator(".said")).to_contain_text("Oct 2030")
    witness.saw_nothing_wrong()
    bare = browser.new_context(viewport=WIDE, java_script_enabled=False)
    still = bare.new_page()
    still.goto(world.site.address + world.paths()["review"])
    expect(still.locator("[data-chart] svg path").first).to_be_visible()
    expect(still.get_by_role("heading", name="Returns")).to_be_visible()
    bare.close()
    context.close()


def test_a_plan_is_found_and_spoken_of(world: World, browser: Browser):
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
    page, witness = _opened(context, world, "/plans")
    page.get_by_role("searchbox").first.fill("madrid slips")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Madrid slips six months").first.click()
    page.wait_for_url(re.compile(world.rerun))
    page.get_by_label("What should others know about this plan?").fill("Ask <b>again</b> in May")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator("#comments .comments")).to_contain_text("Ask <b>again</b> in May", timeout=DRAWN_MS)
    expect(page.locator("#comments .comments")).to_contain_text("Ana")
    witness.saw_nothing_wrong()
    context.close()


def test_markup_in_a_name_is_text_everywhere(world: World, browser: Browser):
    context = browser.new_context(viewport=WIDE)
    for name in ("plans", "review", "city", "rerun", "comparison"):
        page, witness = _opened(context, world, world.paths()[name])
        page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        expect(page.locator("body")).to_contain_text("<script>alert('x')</script>")
        witness.saw_nothing_wrong()
        page.close()
    context.close()


def test_every_link_inside_leads_somewhere(world: World, browser: Browser):
    context = browser.new_context(viewport=WIDE)
    for name in PAGES:
        if name not in world.links:  # this test runs alone
            page, _ = _opened(context, world, world.paths()[name])
            world.links[name] = _links(page, name)
            page.close()
    wanted = {address for links in world.links.values() for address in links}
    broken = []
    for address in sorted(wanted):
        answer = context.request.get(world.site.address + address, headers={"Accept": "text/html,*/*"})
        if answer.status >= 400:
            broken.append((answer.status, address))
    assert broken == []
    context.close()


def test_the_skip_link_comes_first_and_focus_is_seen(world: World, browser: Browser):
    context = browser.new_context(viewport=WIDE)
    page, _ = _opened(context, world, world.paths()["review"])
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    context.close()


def test_colours_chosen_by_hand_stay_on_the_next_page(world: World, browser: Browser):
    context = browser.new_context(viewport=WIDE, color_scheme="light")
    page, _ = _opened(context, world, "/plans")
    page.get_by_label("Colours").select_option("dark")
    page.goto(world.site.address + "/catalogue")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 24, 29)"
    context.close()


def test_a_plan_is_read_within_moments_and_nothing_jumps(world: World, browser: Browser):
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.add_init_script(
        "window.jumped = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) "
        "if (!e.hadRecentInput) window.jumped += e.value; }).observe({type: 'layout-shift', buffered: true});"
    )
    page.goto(world.site.address + world.paths()["review"])
    expect(page.get_by_role("heading", level=1)).to_contain_text("Madrid & Zurich")
    _drawn(page)
    assert page.evaluate("window.jumped") < 0.1
    context.close()


def test_money_and_months_on_the_review_are_the_plans_own(world: World, browser: Browser):
    status = world.site.call("GET", f"/v1/plans/{world.plan}")
    context = browser.new_context(viewport=WIDE)
    page, _ = _opened(context, world, world.paths()["review"])
    tiles = page.locator(".tiles").inner_text()
    npv = float(status["objective"]["amount"])
    assert unbroken(usd(npv)) in tiles
    assert f"{status['kpis']['vehicles_end']:,}" in tiles
    assert re.search(r"\d\.\d\d\s%", tiles)
    context.close()


def test_a_plan_prints_on_white_paper_without_buttons(world: World, browser: Browser):
    context = browser.new_context(viewport=WIDE, color_scheme="dark")
    page, _ = _opened(context, world, world.paths()["city"])
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator(".top")).to_be_hidden()
    context.close()


def test_an_infeasible_request_is_repaired_by_one_click_and_solved(world: World, browser: Browser):
    asked = {"request": {**IMPOSSIBLE, "name": "Too early again"}, "options": OPTIONS}
    ended = world.site.call("POST", "/v1/plans", asked)
    assert (ended["state"], ended["phase"]) == ("infeasible", "mending")
    context = browser.new_context(viewport=WIDE)
    page, witness = _opened(context, world, f"/plans/{ended['id']}")
    expect(page.locator("#clashes")).to_contain_text("Madrid")
    expect(page.locator("#repairs button").first).to_be_visible(timeout=60_000)  # it comes by itself
    told = world.site.call("GET", f"/v1/plans/{ended['id']}/explanation")
    assert len(told["repairs"]) >= 3
    first = told["repairs"][0]
    expect(page.locator("#repairs")).to_contain_text(unbroken(first["sentence"]))
    page.get_by_role("button", name="Plan with repair 1").click()
    page.wait_for_url(re.compile(rf"/plans/plan_(?!{ended['id'][5:]})[0-9a-f]+$"), timeout=DRAWN_MS)
    expect(page.locator(".tiles")).to_contain_text("Net present value", timeout=90_000)
    made = world.site.call("GET", f"/v1/plans/{page.url.rpartition('/')[2]}")
    assert (made["state"], made["parent"]) == ("succeeded", ended["id"])
    assert made["request"]["constraints"][0]["month"] == first["changes"][0]["after"]
    assert float(made["objective"]["amount"]) >= first["npv_usd"] - max(1.0, OPTIONS["gap"] * abs(first["npv_usd"]))
    witness.saw_nothing_wrong()
    context.close()
