"""Templates of reports and pages: one environment with our filters; everything is escaped, nothing may be missing."""

from __future__ import annotations

from functools import cache
from importlib import resources

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from fleetplan.plans.types import Plan
from fleetplan.report.svg import drawing
from fleetplan.words import markets, openings, proof
from fleetplan.words import values as words
from fleetplan.words import worth as value_words
from fleetplan.words.binding import unit_words, worth_words
from fleetplan.words.changes import DURATION_NAMES
from fleetplan.words.rules import rules_by_kind


def template_environment(*loaders: BaseLoader) -> Environment:
    """Return an environment that looks into ``loaders`` first, then among the report's templates."""
    environment = Environment(
        loader=ChoiceLoader([*loaders, PackageLoader("fleetplan.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        month=words.month_name,
        count=words.count,
        decimal=words.decimal,
        percent=words.percent,
        usd=words.usd,
        usd_fine=words.usd_fine,
        unit=unit_words,
        worth=worth_words,
        capitalised=lambda text: f"{text[:1].upper()}{text[1:]}",
        opens=_opens,
        ends=openings.ends,
        state=openings.state,
        briefly=openings.briefly,
        gap=proof.gap_of,
        gap_in_full=proof.gap_in_full,
        holds_for=proof.holds_for,
        drawing=drawing,
        plan_noun=markets.plan_noun,
        markets_sentence=markets.markets_sentence,
        most_markets=markets.most_words,
        lasting=DURATION_NAMES.__getitem__,
        worth_parts=value_words.parts,
        worth_text=value_words.parts_text,
        other_basis=value_words.other_basis,
        years_after=value_words.years,
        return_rows=value_words.return_rows,
        rules_by_kind=rules_by_kind,
        city_returns=value_words.city_row,
    )
    environment.globals.update(gap_text=proof.gap_text, gap_parts=proof.gap_parts)
    environment.globals["mode_name"] = lambda mode: words.MODE_NAMES.get(mode, mode)
    return environment


@cache
def asset(name: str) -> str:
    """Return the text of one of the report's own style sheets or scripts."""
    return (resources.files("fleetplan.report") / "templates" / name).read_text(encoding="utf-8")


@pass_context
def _opens(context: Context, launch: str | None) -> str:
    """Return when a deployment of the template's plan opens, or since when it is open."""
    plan = context.get("plan")
    return openings.opens(launch, openings.today_of(plan) if isinstance(plan, Plan) else "")
