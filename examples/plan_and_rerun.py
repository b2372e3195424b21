"""Plan two cities, read what holds the plan back, change something, plan again, and compare.

    python examples/plan_and_rerun.py

Takes seconds once the two cities are in the cache (half a minute the first time). The marks ``# %%`` begin cells: editors that
know notebooks run them one by one.
"""

# %% Ask: the Bay Area and Los Angeles over four years with 4.7 million USD of capital a quarter.

import fleetplan
from fleetplan.compare import attribute_causes, compare_plans
from fleetplan.reruns.rerun import rerun

request = fleetplan.parse_request(
    {
        "name": "Two cities",
        "cities": ["San Francisco Bay Area", "Los Angeles"],
        "capital": {"per_quarter_usd": 4.7e6},
        "horizon": {"start": "2027-01", "months": 48, "single_months": 0},
    }
)

# %% Plan: search for 30 seconds at most, and stop once the best plan is proven to lie within 1 % of the best possible one. What
# comes back has passed the independent checker.

plan = fleetplan.plan(request, time_limit_s=30, gap=0.01)

print(f"{plan.name}: worth {plan.objective / 1e6:,.1f} million USD, no plan is worth more than {plan.bound / 1e6:,.1f}")
for city in plan.cities:
    for line in city.deployments:
        print(f"  {line.launch}  {line.partner} opens in {city.name}: {line.vehicles[-1]:,} vehicles at the end")

# %% What holds it back? Each rule in words, the dearest first. A price is the local worth of one more unit: of a dollar of
# budget, of a vehicle's room at a depot. It is right in sign and rough in size.

print("\nWhat binds")
for binding in sorted(plan.binds, key=lambda b: -(b.price_usd or 0.0)):
    print(f"  {binding.sentence}")

# %% Something changes: the Bay Area's permits take three months longer, and the board grants four times the budget. A rerun
# takes a patch of the request; what begins before July 2027 is decided and stays.

patch = {
    "capital": {"per_quarter_usd": 18.8e6},
    "constraints": {"bay-late": {"type": "permit_delay", "city": "bay-area", "months": 3}},
}
options = fleetplan.PlanOptions(time_limit_s=30, gap=0.01, freeze_until="2027-07")
child = rerun(plan, patch, options).plan

# %% What moved, and what is it worth? No solving: the two plans are all that is needed.

comparison = compare_plans(plan, child)

print("\nWhat was asked otherwise")
for change in comparison.inputs:
    print(f"  {change.sentence}")
print("\nWhat came of it")
for sentence in comparison.summary:
    print(f"  {sentence}")
print("\nNet present value by city, million USD")
for money in comparison.money_by_city:
    print(f"  {money.name:<8}{money.npv_a_usd / 1e6:>8,.1f} -> {money.npv_b_usd / 1e6:,.1f}")

# %% Two things were changed at once. Which of them moved what? That takes a plan with each change alone.

causes = attribute_causes(plan.request, child.request, options, a_plan=plan, b_plan=child)

print("\nWhich change did it")
for alone in causes.alone:
    print(f"  {alone.sentence}  Alone: {(alone.npv_difference_usd or 0.0) / 1e6:+,.1f} million USD")
for move in causes.moves[:6]:
    print(f"  {move.sentence}  {move.because}")
