"""How soon a finished plan is read in a cold browser, and how quick its map is.

    fleetplan serve                                    # in another shell, with a finished plan in it
    python benchmarks/pages.py PLAN [--server URL] [--city CITY] [--runs 5]

Every run starts a browser of its own with nothing cached. Told are medians over the runs: first contentful paint, the end of
the page's own content, the first chart drawn, the sum of layout shifts; and on the city's page the map ready and one month
further until the second frame after it. All but the shifts are milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402 - the path comes first

from tests.browser import CHROMIUM_FLAGS, chromium  # noqa: E402

MOST_S = 60.0
WATCH = """
window.shifted = 0;
new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifted += e.value; })
  .observe({type: 'layout-shift', buffered: true});
"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
PARSED = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
STEP = """
(async () => { const s = document.getElementById('month'); const from = performance.now();
  s.value = Number(s.value) > 0 ? Number(s.value) - 1 : 1; s.dispatchEvent(new Event('input', {bubbles: true}));
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  return performance.now() - from; })()
"""


def review(browser: Browser, address: str) -> dict[str, float]:
    """Return the times of a plan's review, in ms."""
    page = _cold(browser)
    page.goto(address)
    drawn = _until(
        page, "[...document.querySelectorAll('[data-chart]')].some(c => c.querySelector('.said'))", scroll=True
    )
    told = {"first paint": page.evaluate(PAINT), "content": page.evaluate(PARSED), "first chart drawn": drawn}
    shifted = float(page.evaluate("window.shifted"))
    page.context.close()
    return {**told, "layout shift x 1000": 1000 * shifted}


def city(browser: Browser, address: str) -> dict[str, float]:
    """Return the times of a city's page, in ms."""
    page = _cold(browser)
    page.goto(address)
    ready = _until(page, "document.querySelector('#rollout')?.dataset.ready === 'yes'")
    steps = [float(page.evaluate(STEP)) for _ in range(10)]
    told = {"city: first paint": page.evaluate(PAINT), "city: map ready": ready}
    page.context.close()
    return {**told, "city: a month's change, two frames": statistics.median(steps)}


def _cold(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.add_init_script(WATCH)
    return page


def _until(page: Page, expression: str, *, scroll: bool = False) -> float:
    end = time.monotonic() + MOST_S
    while not page.evaluate(expression):
        if time.monotonic() > end:
            return float("nan")
        if scroll:
            page.mouse.wheel(0, 400)
        page.wait_for_timeout(20)
    return float(page.evaluate("performance.now()"))


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("plan")
    parser.add_argument("--server", default="http://127.0.0.1:8000")
    parser.add_argument("--city", default="london")
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    address = f"{asked.server}/plans/{asked.plan}"
    runs: list[dict[str, float]] = []
    with sync_playwright() as playwright:
        for _ in range(asked.runs):
            browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
            runs.append({**review(browser, address), **city(browser, f"{address}/cities/{asked.city}")})
            browser.close()
    for name in runs[0]:
        values = sorted(run[name] for run in runs)
        print(f"{name:34} median {statistics.median(values):8.1f}   from {values[0]:.1f} to {values[-1]:.1f}")


if __name__ == "__main__":
    main()
