"""Hold a plan against what operators were published to do, and write docs/record.md.

    python benchmarks/record.py                      # plans the reference request (up to --seconds), writes docs/record.md
    python benchmarks/record.py --plan out/plan.json # a plan made before

Every measure of every city and year stands beside the published range of services as old. Where the plan expects more than
has been published, one sentence in benchmarks/record_reasons.toml says why, or the page calls it a fault. Then the plan is read
as those would who have to sign it (benchmarks/record_readings.toml), with its own figures, beside the reference plans of before.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from fleetplan.catalogue import load_catalogue  # noqa: E402 - the path comes first
from fleetplan.catalogue.types import Catalogue  # noqa: E402
from fleetplan.explain.record import Held, held_against_record  # noqa: E402
from fleetplan.planner import plan as plan_anew  # noqa: E402
from fleetplan.plans import finance  # noqa: E402
from fleetplan.plans.types import Plan  # noqa: E402
from fleetplan.request import read_request  # noqa: E402
from fleetplan.words import record as words  # noqa: E402
from fleetplan.words.values import count, month_name, percent, usd  # noqa: E402

PAGE = ROOT / "docs" / "record.md"
REASONS = ROOT / "benchmarks" / "record_reasons.toml"
READINGS = ROOT / "benchmarks" / "record_readings.toml"
REQUEST = ROOT / "examples" / "uber-2027.yaml"
MARK = "▲"


def page(plan: Plan, catalogue: Catalogue, reasons: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page as Markdown."""
    held = held_against_record(plan, catalogue)
    return "\n".join(
        [
            *_head(plan, held, reasons),
            *_tables(plan, held),
            *_more(plan, held, reasons),
            *_readings(plan, catalogue),
            *_before(plan),
            *_points(catalogue),
        ]
    )


def faults(held: Sequence[Held], reasons: Mapping[str, Mapping[str, str]]) -> list[Held]:
    """Return where a plan expects more than has been published and nothing says why."""
    return [h for h in held if h.kinder and reason(h, reasons) is None]


def reason(held: Held, reasons: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return why a measure may exceed what is published: a sentence for its city, else one for all cities."""
    own = reasons.get(held.measure, {})
    return own.get(held.city) or own.get("all")


def _head(plan: Plan, held: Sequence[Held], reasons: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    more = [h for h in held if h.kinder]
    bare = len(faults(held, reasons))
    yield "# Held against the record"
    yield ""
    yield f"Made by `python benchmarks/record.py` from the reference request (`examples/{REQUEST.name}`). The plan is worth"
    yield f"{usd(plan.kpis.npv_usd)}, {percent(plan.gap)} from its bound. Every measure of every city stands beside what"
    yield "operators were published to do with services as old, counted in months since they went driver-out"
    yield "(`cities/record.csv`)."
    yield ""
    yield f"{len(held)} values; {len(more)} expect more than has been published ({MARK}), {bare} of them without a reason. A"
    yield "value on the careful side of a range (fewer trips a car, slower growth, longer waits) is no fault."
    yield ""


def _tables(plan: Plan, held: Sequence[Held]) -> Iterator[str]:
    years = finance.years(plan)
    names = {c.city: c.name for c in plan.cities}
    for measure in words.MEASURES:
        own = [h for h in held if h.measure == measure]
        if not own:
            continue
        yield f"## {words.MEASURES[measure].name}"
        yield ""
        yield f"| city | {' | '.join(map(str, years))} | published of services as old |"
        yield f"|---|{'---:|' * len(years)}---|"
        for city in dict.fromkeys(h.city for h in own):
            mine = [h for h in own if h.city == city]
            ranges = ", later ".join(dict.fromkeys(words.range_text(measure, h.low, h.high) for h in mine))
            yield f"| {names[city]} | {' | '.join(_cell(mine, y) for y in years)} | {ranges} |"
        yield ""


def _cell(mine: Sequence[Held], year: int) -> str:
    held = next((h for h in mine if h.year == year), None)
    if held is None:
        return ""
    return words.value_text(held.measure, held.value) + (f" {MARK}" if held.kinder else "")


def _more(plan: Plan, held: Sequence[Held], reasons: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    names = {c.city: c.name for c in plan.cities}
    yield "## More than has been published, and why"
    yield ""
    more = [h for h in held if h.kinder]
    if not more:
        yield "Nothing."
    for measure, city in dict.fromkeys((h.measure, h.city) for h in more):
        mine = [h for h in more if (h.measure, h.city) == (measure, city)]
        why = reason(mine[0], reasons)
        sentence = words.kinder_sentence(names[city], [h.year for h in mine], measure)
        yield f"- {sentence} {why or '**A fault: nothing explains it.**'}"
    yield ""


def _readings(plan: Plan, catalogue: Catalogue) -> Iterator[str]:
    """Yield what the plan's readers would object to, and what it answers; nothing of a plan that opens nowhere."""
    if not any(city.launch for city in plan.cities):
        return
    told = facts(plan, catalogue)
    yield "## Read aloud"
    yield ""
    for reader in tomllib.loads(READINGS.read_text(encoding="utf-8")).values():
        yield f"**{reader['who']}**"
        yield ""
        for point in reader["points"]:
            yield f"- *{point['objection'].format_map(told)}* {point['answer'].format_map(told)}"
        yield ""


def facts(plan: Plan, catalogue: Catalogue) -> dict[str, str]:
    """Return the figures that readings name, of the plan and of its deployment that is worth most."""
    k, own = plan.kpis, catalogue.assumptions
    city, d = max(((c, d) for c in plan.cities for d in c.deployments if d.launch), key=lambda pair: pair[1].npv_usd)
    sure, stack = d.driver_out_months or d.launch_months, catalogue.stacks[d.stack]
    minimum, years = (stack.value(f"contract.minimum_{name}") for name in ("quantity", "years"))
    due = minimum * min(1.0, sum(plan.period_months) / (12 * years)) if years else 0.0
    empty = [h for h in held_against_record(plan, catalogue) if (h.city, h.measure) == (city.city, "empty_share")]
    payback = f"It is back in {month_name(k.payback)}." if k.payback else "It is not back within the horizon."
    received = d.partner_account
    return {
        **{name: usd(getattr(k, f"{name}_usd")) for name in ("npv", "terminal")},
        "cash_lost": usd(-k.cash_usd),
        "terminal_share": percent(k.terminal_usd / k.npv_usd, 0),
        "payback": payback,
        "none_after": usd(k.npv_by_horizon_usd),
        "twice_after": usd(k.npv_twice_after_usd),
        "years": f"{k.years_after:g}",
        "peak": usd(k.peak_funding_usd),
        "gross": usd(k.gross_npv_usd),
        "displaced": usd(k.gross_npv_usd - k.incremental_npv_usd),
        "vehicles": count(k.vehicles_end),
        "city": city.name,
        "partner": d.partner,
        "launch": month_name(d.launch or ""),
        "programme": month_name(d.programme_start),
        "growth": percent(own["fleet.growth_share_per_month"].value, 0),
        **{name: month_name(getattr(sure, name)) if sure else "no month" for name in ("promised", "careful")},
        **{name: percent(getattr(sure, name) if sure else 0.0, 0) for name in ("kept", "never")},
        "tax": usd(-plan.returns.tax_usd),
        "after_tax": usd(plan.returns.after_tax_npv_usd),
        "trip_cost": f"${plan.returns.cost_per_trip_usd or 0.0:.2f}",
        "trip_fare": f"${plan.returns.fare_per_trip_usd or 0.0:.2f}",
        "break_even": percent(plan.returns.break_even_fare or 0.0, 0),
        "empty_first": words.value_text("empty_share", next((h.value for h in empty[1:]), empty[0].value)),
        "empty_last": words.value_text("empty_share", empty[-1].value),
        "minimum": count(minimum),
        "minimum_years": f"{years:g}",
        "due": count(due),
        "bought": count(sum(sum(s.bought) for s in plan.stacks if s.stack == d.stack)),
        "receipts": usd(received.worth_usd if received else 0.0),
        "elsewhere": _elsewhere(plan),
        "uncut": BEFORE[-1][1],
        "today": usd(k.npv_usd),
    }


def _elsewhere(plan: Plan) -> str:
    """Return in how many of the cities that stay out nobody's account is to blame, and where a partner's alone is."""
    closed = [(c.name, c.outcome.kept_out) for c in plan.cities if c.outcome.kind != "opens"]
    in_vain = sum(causes == [] for _, causes in closed)
    which = f"In {in_vain} of the {len(closed)} cities that stay out"
    first = f"{which} no service would pay even with partners, caps and money excused."
    partners = [
        f"In {name} it is the partner: excused, opening there would be worth about {usd(one.worth_usd)} more."
        for name, causes in closed
        for one in causes or ()
        if [limit.rule for limit in one.limits] == ["partner_earns"]
    ]
    return " ".join([first, *partners])


BEFORE = (
    ("before its world was mended (version 0.2)", "$1,916 M", "$10 M", "$355 M", "$1.55 bn", ""),
    ("with quarters that are cut nowhere (29 November 2026)", "$45.4 M", "−$59.1 M", "$14.9 M", "$89.6 M", "578"),
)
"""Reference plans of before: value, cash, residual, terminal, vehicles at the end."""


def _before(plan: Plan) -> Iterator[str]:
    k = plan.kpis
    now = [usd(v) for v in (k.npv_usd, k.cash_usd, k.residual_usd, k.terminal_usd)]
    yield "## The reference plan, then and now"
    yield ""
    yield "| plan | value | cash within the horizon | residual | terminal | vehicles at the end |"
    yield "|---|---:|---:|---:|---:|---:|"
    for row in (*BEFORE, ("today", *now, count(k.vehicles_end))):
        yield f"| {' | '.join(row)} |"
    yield ""


def _points(catalogue: Catalogue) -> Iterator[str]:
    yield "## What is published, and where"
    yield ""
    yield "| measure | who, where, when | age, months | value | how | source | confidence |"
    yield "|---|---|---|---:|---|---|---|"
    for p in catalogue.record:
        age = f"{p.months_from} and older" if p.months_to is None else f"{p.months_from} to {p.months_to}"
        value = words.value_text(p.measure, p.value)
        who = f"{p.operator}, {p.place}, {month_name(p.month)}"
        yield f"| {words.MEASURES[p.measure].name} | {who} | {age} | {value} | {p.how} | {p.source} | {p.confidence} |"
    yield ""


def main() -> None:
    """Plan or read, compare, write the page; exit 1 where something exceeds the record without a reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=Path, help="a plan.json; planned anew when left out")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to plan at most")
    given = parser.parse_args()
    catalogue = load_catalogue()
    if given.plan:
        plan = Plan.model_validate_json(given.plan.read_text(encoding="utf-8"))
    else:
        plan = plan_anew(read_request(REQUEST), time_limit_s=given.seconds, gap=0.001)
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    PAGE.write_text(page(plan, catalogue, reasons), encoding="utf-8")
    left = faults(held_against_record(plan, catalogue), reasons)
    print(f"{PAGE.relative_to(ROOT)}: {len(left)} faults")
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
