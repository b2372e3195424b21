"""Events that may bar partners, in words."""

from __future__ import annotations

from fleetplan.plans.bars import Bar
from fleetplan.words.values import listed, month_name, percent, usd


def bar_words(bar: Bar) -> str:
    """Say whom an event bars, whether the plan counts it, and what rests on that.

    >>> bar_words(Bar("a-law", "A law", "Aston", (), 0.35, "2028-01", "2029-01", "2029-02", 0.0))
    'A law counts in this plan, from Feb 2029 on: no vehicle of those whom it bars serves in Aston then.'
    """
    if bar.given:
        return (
            f"{bar.title} counts in this plan, from {month_name(bar.given)} on: "
            f"no vehicle of those whom it bars serves in {bar.city} then."
        )
    worth = f"; {usd(bar.npv_usd)} of its value rest on that" if bar.npv_usd > 0 else ""
    return (
        f"{bar.title} may bar {listed(list(bar.partners))} from {bar.city}: chance {percent(bar.chance, 0)}, likely in "
        f"{month_name(bar.likely)}, not before {month_name(bar.earliest)}. This plan takes it that it does not come{worth}. "
        f"To plan for it, give it a month: event_date of {bar.event}."
    )
