"""The report: one HTML file that shows a plan from disk, on a phone and on paper, and loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from fleetplan.catalogue.types import Catalogue
from fleetplan.doubt.types import Doubt
from fleetplan.explain.commitments import commitments
from fleetplan.explain.verdict import verdict
from fleetplan.plans import finance
from fleetplan.plans.reading import city_order, doubts, end_month
from fleetplan.plans.types import Plan
from fleetplan.report import charts, context, gantt
from fleetplan.report.doubt import histogram, spread_rows, tornado_view
from fleetplan.report.environment import asset, template_environment
from fleetplan.service.types import CityService
from fleetplan.words import values as words
from fleetplan.words.doubt import doubt_sentences
from fleetplan.words.names import Names
from fleetplan.words.unbroken import unbroken_page


def report_html(
    plan: Plan,
    services: Mapping[str, CityService],
    catalogue: Catalogue,
    doubt: Doubt | None = None,
    replayed: Sequence[str] = (),
) -> str:
    """Return the whole report as one HTML text; with the doubt of the plan a section says how sure it is, and of what.

    ``replayed``: what replays say of the plan (:mod:`fleetplan.words.replays`), told with the certificate.
    """
    palette = charts.palette(plan)
    cities = [context.city_context(plan, c, services.get(c.city), catalogue, palette) for c in city_order(plan)]
    drawn = (
        _environment()
        .get_template("report.html.j2")
        .render(
            plan=plan,
            k=plan.kpis,
            css=Markup(asset("design.css") + asset("report.css")),  # noqa: S704  our own files
            js=Markup(asset("report.js")),  # noqa: S704  our own file
            verdict=verdict(plan),
            status=words.STATUS_NAMES[plan.status],
            end_month=end_month(plan),
            years=gantt.Scale.of(plan).years(),
            rows=[row for row in context.timeline_rows(plan) if row["d"]],
            palette=palette,
            charts=charts.portfolio(plan, palette),
            quarters=finance.quarters(plan),
            commitments=commitments(plan, catalogue),
            year_numbers=finance.years(plan),
            money=finance.groups_by_year(plan, finance.all_lines(plan)),
            cities=cities,
            left_out=[c for c in cities if not c["c"].deployments],
            binds=[b for b in plan.binds if not any(b in c.binds for c in plan.cities)],
            cite=_Sources(),
            doubts=doubts(plan),
            titled=Names(catalogue, (plan,)).figure_title,
            attributions=attributions(catalogue, services),
            doubt=None if doubt is None else _doubt(plan, catalogue, doubt),
            replayed=list(replayed),
        )
    )
    return unbroken_page(drawn)


@dataclass(eq=False)
class _Sources:
    """Sources by number, in the order in which they are first named."""

    numbers: dict[str, int] = field(default_factory=dict)

    def __call__(self, text: str) -> int:
        """Return the number of a source."""
        return self.numbers.setdefault(text, len(self.numbers) + 1)

    @property
    def texts(self) -> list[str]:
        """All sources named so far."""
        return list(self.numbers)


def _doubt(plan: Plan, catalogue: Catalogue, known: Doubt) -> dict[str, Any]:
    names = Names(catalogue, (plan,))
    return {
        "sentences": doubt_sentences(known, names),
        "tornado": tornado_view(known.tornado, names),
        "histogram": histogram(known.spread, known.tornado.npv_usd),
        "rows": spread_rows(known, names),
    }


def attributions(catalogue: Catalogue, cities: Mapping[str, object]) -> list[str]:
    """Return whom land and water of these cities are owed to."""
    return sorted({c.land_attribution for s, c in catalogue.cities.items() if s in cities})


@cache
def _environment() -> Environment:
    return template_environment()
