"""Three people at work, end to end: a strategist asks, a city manager reads, anyone reruns and compares."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from fleetplan.request import read_request
from fleetplan.words.unbroken import unbroken
from tests.browser import Site, Witness, serving

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent

MADRID: dict[str, Any] = {
    "name": "Madrid alone",
    "capital": {"per_quarter_usd": 25e6},
    "cities": ["madrid"],
    "horizon": {"start": "2027-01", "months": 48, "single_months": 3},
    "overrides": [{"figure": "madrid/city.toml#market.mean_fare_local", "factor": 7.0}],  # worth opening, late as well
}
MUNICH: dict[str, Any] = {
    "name": "Munich in the end",
    "capital": {"per_quarter_usd": 25e6},
    "cities": ["munich"],
    "horizon": {"start": "2027-01", "months": 48, "single_months": 3},
    "constraints": [{"id": "presence", "type": "launch_by", "city": "munich", "month": "2030-01"}],
}
TIGHT = ROOT / "examples" / "tight-budget.yaml"  # a gap of nothing is not reached within minutes
SOLVED_MS = 90_000
DRAWN_MS = 30_000
PLAN_PAGE = re.compile(r"/plans/plan_[0-9a-f]{32}$")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("journeys")) as started:
        yield started


@pytest.fixture
def visitor(browser: Browser) -> Iterator[tuple[BrowserContext, Page, Witness]]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    yield context, page, Witness(page)
    context.close()


@pytest.fixture(scope="module")
def madrid(site: Site) -> str:
    made = site.made({"request": MADRID, "options": {"time_limit_s": 40, "gap": 0.02}})
    assert made["state"] == "succeeded", made
    return str(made["id"])


def test_a_strategist_asks_for_a_plan_and_reads_it(site: Site, visitor: tuple[BrowserContext, Page, Witness]):
    _, page, witness = visitor
    page.goto(site.address + "/plans/new")
    page.get_by_label("Name", exact=True).fill("Where to go first in California")
    for box in page.locator("#cities input").all():
        box.set_checked(box.get_attribute("value") == "bay-area")
    page.get_by_label("Capital a quarter").fill("25")
    page.get_by_label("Month by month").fill("3")
    page.get_by_label("Stop when proven within").fill("2")
    expect(page.locator("#verdict")).to_contain_text("Ready", timeout=DRAWN_MS)
    expect(page.locator("#words")).to_contain_text("San Francisco")
    page.get_by_role("button", name="Make this plan").click()
    expect(page).to_have_url(PLAN_PAGE, timeout=DRAWN_MS)
    expect(page.locator(".verdict").first).to_contain_text("San Francisco", timeout=SOLVED_MS)
    expect(page.get_by_role("heading", level=1)).to_have_text("Where to go first in California")
    expect(page.locator(".tiles")).to_contain_text("Net present value")
    page.goto(site.address + "/plans")
    expect(page.locator("#plans")).to_contain_text("Where to go first in California")
    witness.saw_nothing_wrong()


def test_a_fault_is_told_at_its_place_before_anything_is_sent(
    site: Site, visitor: tuple[BrowserContext, Page, Witness]
):
    _, page, witness = visitor
    page.goto(site.address + "/plans/new")
    page.get_by_label("Months planned").fill("1000")
    expect(page.locator("#months-fault")).not_to_be_empty(timeout=DRAWN_MS)
    page.get_by_label("Months planned").fill("48")
    expect(page.locator("#months-fault")).to_be_empty(timeout=DRAWN_MS)
    witness.saw_nothing_wrong()


def test_a_limit_is_put_together_taken_away_and_kept_until_somebody_throws_it_away(
    site: Site, visitor: tuple[BrowserContext, Page, Witness]
):
    _, page, witness = visitor
    page.goto(site.address + "/plans/new")
    page.get_by_label("Name", exact=True).fill("Half a request")
    page.get_by_label("Add a target or a limit").select_option("launch_by")
    box = page.locator("[data-kind-of=launch_by]")
    box.get_by_label("City").select_option("madrid")
    box.get_by_role("button", name="Add").click()
    expect(box.locator(".fault")).to_contain_text("Still missing")
    page.get_by_label("Note", exact=True).fill("Judged while the limit is half made")
    expect(page.locator("#text")).to_have_value(re.compile("half made"), timeout=DRAWN_MS)
    expect(box.locator(".fault")).to_contain_text("Still missing")
    box.locator("[data-member=month]").select_option("2029-06")
    box.get_by_role("button", name="Add").click()
    expect(page.locator("#also")).to_contain_text("Madrid is open to paying riders by Jun 2029.", timeout=DRAWN_MS)
    expect(page.locator("#text")).to_have_value(re.compile("type: launch_by"))
    page.get_by_label("Capital a quarter").fill("99000000")
    expect(page.locator("#capital-fault")).to_have_text(
        "Write a number from 0 to 10,000,000, in millions of USD.", timeout=DRAWN_MS
    )
    page.get_by_label("Capital a quarter").fill("25")
    expect(page.locator("#capital-fault")).to_be_empty(timeout=DRAWN_MS)
    page.goto(site.address + "/plans/new?from=uber-2027")
    kept = page.locator("#kept")
    expect(kept).to_contain_text("Half a request")
    kept.get_by_role("button", name="Throw Half a request away").click()
    kept.get_by_role("button", name="Bring Half a request back").click()
    kept.get_by_role("button", name="Go on with Half a request").click()
    page.get_by_role("button", name="Take away: Madrid is open").click()
    expect(page.locator("#also")).to_be_hidden(timeout=DRAWN_MS)
    witness.saw_nothing_wrong()


def test_what_was_done_a_moment_ago_outlasts_the_next_change(site: Site, visitor: tuple[BrowserContext, Page, Witness]):
    _, page, witness = visitor
    page.goto(site.address + "/plans/new?from=tight-budget")

    def late(route: Route) -> None:
        time.sleep(1.0)
        route.continue_()

    page.route("**/pages/drafts", late)
    page.get_by_label("Name", exact=True).fill("Typed just now")
    page.get_by_label("Add a target or a limit").select_option("launch_by")
    box = page.locator("[data-kind-of=launch_by]")
    box.get_by_label("City").select_option("madrid")
    box.locator("[data-member=month]").select_option("2029-06")
    box.get_by_role("button", name="Add").click()
    page.get_by_label("Capital a quarter").fill("31")
    text = page.locator("#text")
    expect(text).to_have_value(re.compile("launch_by"), timeout=DRAWN_MS)
    for said in ("Typed just now", "31_?000_?000", "month: 2029-06"):
        expect(text).to_have_value(re.compile(said))
    lines = page.locator("#also").get_by_role("button")
    expect(lines).to_have_count(2)
    for name in [line.get_attribute("aria-label") or "" for line in lines.all()]:
        page.get_by_role("button", name=name).click()
    expect(page.locator("#also")).to_be_hidden(timeout=DRAWN_MS)
    witness.saw_nothing_wrong()


def test_a_city_manager_reads_the_rollout_of_a_city(
    site: Site, madrid: str, visitor: tuple[BrowserContext, Page, Witness]
):
    _, page, witness = visitor
    page.goto(f"{site.address}/plans/{madrid}")
    page.locator("#content").get_by_role("link", name="Madrid", exact=True).first.click()
    expect(page).to_have_url(re.compile("/cities/madrid"))
    expect(page.locator("#rollout")).to_have_attribute("data-ready", "yes", timeout=DRAWN_MS)
    shown = page.locator("#now-month")
    month = page.get_by_label("Month shown").first
    month.focus()
    month.press("Home")
    expect(shown).to_have_text("Jan 2027")
    expect(page.locator("#now")).to_contain_text("Not open yet")
    month.press("End")
    expect(shown).to_have_text("Oct to Dec 2030")
    expect(page.locator("#now")).to_contain_text("km²")
    expect(page.locator("#permits")).to_contain_text("DGT")
    expect(page.locator("#content")).to_contain_text("OpenStreetMap")
    assert "plotly-" not in "".join(page.evaluate("performance.getEntriesByType('resource').map(e => e.name)"))
    page.get_by_role("button", name="Move and zoom the map").press("Enter")
    expect(page.locator("#citymap")).to_have_attribute("data-ready", "yes", timeout=DRAWN_MS)
    expect(page.get_by_role("button", name="Nearer")).to_be_visible()
    witness.saw_nothing_wrong()


def test_anyone_reruns_with_a_changed_constraint_and_sees_what_moved(
    site: Site, madrid: str, visitor: tuple[BrowserContext, Page, Witness]
):
    _, page, witness = visitor
    page.goto(f"{site.address}/plans/{madrid}/rerun")
    lever = page.locator("#permits .lever").filter(has_text="Madrid").first
    lever.locator("input[type=number]").fill("3")
    expect(page.locator("#told")).to_contain_text("Madrid", timeout=DRAWN_MS)
    page.get_by_label("Name of the new plan").fill("Madrid slips three months")
    send = page.get_by_role("button", name="Plan again")
    expect(send).to_be_enabled(timeout=DRAWN_MS)
    send.click()
    expect(page).to_have_url(PLAN_PAGE, timeout=DRAWN_MS)
    expect(page.locator(".verdict").first).to_contain_text("Madrid", timeout=SOLVED_MS)
    new = page.url.rpartition("/")[2]
    assert new != madrid
    page.goto(f"{site.address}/plans/{new}/comparison")
    told = site.call("GET", f"/v1/plans/{madrid}/comparison?with={new}")
    assert told["causes"]["state"] == "complete"
    launch = next(m for m in told["decisions"] if m["kind"] == "launch")
    content = page.locator("#content")
    expect(content).to_contain_text("Madrid slips three months")
    expect(content).to_contain_text("3 months later")
    assert launch["city"] == "madrid"
    witness.saw_nothing_wrong()


def test_a_plan_in_the_making_is_stopped_and_its_best_kept(site: Site, visitor: tuple[BrowserContext, Page, Witness]):
    _, page, witness = visitor
    asked = read_request(TIGHT).model_dump(mode="json", exclude_none=True) | {"name": "To be stopped"}
    told = site.call("POST", "/v1/plans", {"request": asked, "options": {"time_limit_s": 300, "gap": 0.0}})
    page.goto(f"{site.address}/plans/{told['id']}")
    expect(page.locator("#best")).to_contain_text("$", timeout=SOLVED_MS)
    page.get_by_role("button", name=re.compile("^Stop")).first.click()
    page.locator("#really").click()
    expect(page.locator(".verdict").first).to_contain_text("Open", timeout=SOLVED_MS)
    status = site.call("GET", f"/v1/plans/{told['id']}")
    assert status["state"] == "cancelled"
    assert status["has_answer"]
    witness.saw_nothing_wrong()


def test_a_city_manager_asks_why_munich_is_late_and_is_shown_what_forcing_it_costs(
    site: Site, visitor: tuple[BrowserContext, Page, Witness]
):
    made = site.made({"request": MUNICH, "options": {"time_limit_s": 40, "gap": 0.02}})
    assert made["state"] == "succeeded", made
    rollout = site.call("GET", f"/v1/plans/{made['id']}/cities/munich")["rollout"]
    assert rollout["launch"] > "2028-07"
    _, page, witness = visitor
    page.goto(f"{site.address}/plans/{made['id']}/cities/munich")
    page.get_by_label("Open by").fill("2028-07")
    page.get_by_role("button", name="Ask", exact=True).click()
    answer = page.locator("#why-answer")
    expect(answer).to_contain_text("It can be had, and costs $", timeout=SOLVED_MS)
    told = site.call("GET", f"/v1/plans/{made['id']}/why-not?city=munich&by=2028-07")
    assert told["kind"] == "possible"
    assert 0.0 < told["least_usd"] <= told["cost_usd"] <= told["most_usd"]
    expect(answer).to_contain_text(unbroken(told["sentences"][0]))
    page.get_by_role("link", name="The plan with it").click()
    expect(page).to_have_url(PLAN_PAGE, timeout=DRAWN_MS)
    forced = site.call("GET", f"/v1/plans/{told['answered_by']}/cities/munich")["rollout"]
    assert forced["launch"] <= "2028-07"
    page.goto(f"{site.address}/plans/{made['id']}/cities/munich")
    page.get_by_label("Open by").fill("2027-03")  # before any permit: known without a search
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(answer).to_contain_text("permits allow paid service from Dec 2027", timeout=DRAWN_MS)
    witness.saw_nothing_wrong()
