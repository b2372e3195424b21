"""How sure a plan is and of what, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from fleetplan.doubt.types import AmountSaid, Bar, Broken, Doubt, Grid, NameSaid, Resolved, Spread, Tornado
from fleetplan.plans.check.report import Named, Usd, say
from fleetplan.words.checked import plainly
from fleetplan.words.names import Names
from fleetplan.words.values import NO_PLAN, count, listed, month_name, percent, several, usd

WHY = {
    "curves": "streets and trips are made from it, which were not made anew (the command line does, with --streets)",
    "possible": "says only what is possible; within its range everything that is decided stays possible",
    "nothing": "moves nothing of this plan",
}
"""Why a figure with a range has no bar."""

MOST_NAMED = 3

SLIPS = {
    "here": "stacks that run under the same law",
    "elsewhere": "stacks that run elsewhere",
    "nowhere": "stacks that run nowhere",
    "law": "laws",
    "pilot": "pilots",
}
LATENESS = {
    "kept": "share kept",
    "median": "months within which half come",
    "p90": "months within which nine in ten come",
    "never": "share of which nothing comes",
}

BROKEN = {
    "partner_earns": "a partner would no longer earn its money back",
    "partner_use": "a partner's cars would not be busy enough for it",
    "permit_path": "vehicles would run before their permit",
    "permit_area": "an area would be open before its permit",
    "permit_cap": "more vehicles would run than a permit allows",
    "ramp": "a fleet would grow faster than fleets do",
    "partner_growth": "a partner's fleets would grow faster than it can",
    "first_year_fleet": "a young service would have too many cars",
    "min_fleet": "a service would have too few cars",
    "area_growth": "an area would grow faster than areas do",
    "area_density": "an area would have too few cars for its size",
    "operator_pilot": "a pilot would have too many cars",
    "stack_supply": "more vehicles would be placed than can be had",
    "owned_fleet": "vehicles would be placed that are not owned",
    "depot_capacity": "vehicles would have no charger",
    "capital": "the budget would not hold",
    "cash_floor": "the cash floor would not hold",
}
"""What breaking a rule means, by its key."""


def doubt_sentences(doubt: Doubt, names: Names) -> list[str]:
    """Return how sure a plan is, and of what it is least sure."""
    said = [*spread_sentences(doubt.spread), *outside_sentences(doubt, names)]
    return [*said, *tornado_sentences(doubt.tornado, names)]


def outside_sentences(doubt: Doubt, names: Names) -> list[str]:
    """Return why a plan's own value is not between those told of eight draws in ten, where it is not."""
    own, npv = doubt.tornado.npv_usd, doubt.spread.npv
    if npv.p10 <= own <= npv.p90:
        return []
    above = own > npv.p90
    sign = -1.0 if above else 1.0
    pulling = sorted((bar for bar in doubt.tornado.bars if sign * bar.pull(own) > 0), key=lambda b: -sign * b.pull(own))
    parts = [
        f"{named(bar, names)} ({' or '.join(_swing(end - own) for end in sorted(ends(bar)))})"
        for bar in pulling[:MOST_NAMED]
    ]
    said = f"At its likely figures it is worth {usd(own)}, {'more' if above else 'less'} than nine of ten draws give"
    if not parts:
        return [f"{said}."]
    what = (
        "cost it more at one end of their ranges than they bring"
        if above
        else "bring it more at one end of their ranges than they cost"
    )
    return [
        f"{said}: what is decided stays in all of them, and figures {what} at the other, above all {listed(parts)}."
    ]


def _swing(change_usd: float) -> str:
    return f"{'+' if change_usd > 0 else ''}{usd(change_usd)}" if abs(change_usd) >= 1.0 else "nothing"


def spread_sentences(spread: Spread) -> list[str]:
    """Return how the money spreads when all figures lie anywhere in their ranges."""
    npv = spread.npv
    loses = (
        f"in {percent(npv.below_zero, 0)} of them it loses money"
        if npv.below_zero >= 0.005
        else "in fewer than one in two hundred of them does it lose money"
    )
    back = (
        f"The money is back within the horizon in {percent(spread.paid_back, 0)} of them"
        if spread.paid_back >= 0.005
        else "In next to none of them is the money back within the horizon"
    )
    first = (
        f"With what is decided, over {count(spread.draws)} draws of {several(spread.figures, 'figure')} within their ranges, "
        f"the plan is worth between {usd(npv.p10)} and {usd(npv.p90)} in eight of ten; {loses}."
    )
    return [first, f"{back}; nine in ten need at most {usd(spread.trough.p90)} of funding."]


def tornado_sentences(tornado: Tornado, names: Names) -> list[str]:
    """Return which figures move the value most, and which would make another plan necessary."""
    widest = [bar for bar in tornado.bars if bar.width(tornado.npv_usd) > 0][:MOST_NAMED]
    if not widest:
        return ["No figure with a range moves the plan's value."]
    parts = [f"{named(bar, names)} ({usd(min(ends(bar)))} to {usd(max(ends(bar)))})" for bar in widest]
    said = [f"It leans most on {listed(parts)}."]
    sinking = [bar for bar in tornado.bars if min(ends(bar)) < 0 <= tornado.npv_usd]
    if sinking:
        verb = "makes" if len(sinking) == 1 else "make"
        said.append(f"{several(len(sinking), 'figure')} alone {verb} it lose money at one end of the range.")
    breaking = [bar for bar in tornado.bars if bar.breaks_low or bar.breaks_high]
    if breaking:
        most = max(_by_rule(tornado).items(), key=lambda pair: (len(pair[1]), pair[0]))[0]
        said.append(
            f"At one end of {several(len(breaking), 'figure')} what is decided would break a rule, most often because "
            f"{_meaning(most)}: there the plan would have to be another one."
        )
    return said


def broken_sentences(tornado: Tornado, names: Names) -> list[str]:
    """Return rule by rule at which figures' ends what is decided would break it."""
    found = sorted(_by_rule(tornado).items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [f"At one end of {_few(bars, names)}, {_meaning(rule)}." for rule, bars in found]


def _by_rule(tornado: Tornado) -> dict[str, list[Bar]]:
    found: dict[str, list[Bar]] = {}
    for bar in tornado.bars:
        for rule in sorted({broken.rule for broken in (*bar.breaks_low, *bar.breaks_high)}):
            found.setdefault(rule, []).append(bar)
    return found


def _meaning(rule: str) -> str:
    return BROKEN.get(rule, f"the rule {rule} would be broken")


def _few(bars: list[Bar], names: Names) -> str:
    if len(bars) > MOST_NAMED:
        return several(len(bars), "figure")
    return listed([named(bar, names) for bar in bars])


def named(bar: Bar, names: Names) -> str:
    """Return what a figure is called within a sentence."""
    return within(figure_name(bar.key, names), bar.key)


def within(name: str, key: str) -> str:
    """Return a figure's name within a sentence: names of places and partners, and abbreviations, keep their capital.

    >>> within("Years counted after the horizon", "assumptions.toml#terminal.years"), within("US dollars", "a.toml#fx.EUR")
    ('years counted after the horizon', 'US dollars')
    """
    owned = "/" in key.partition("#")[0]
    return name if owned or name[1:2].isupper() else f"{name[:1].lower()}{name[1:]}"


def figure_name(key: str, names: Names) -> str:
    """Return what a figure is called, with whose it is; of a permit's months the permit."""
    if key.startswith("jurisdictions/"):
        return f"months of {names.permit(key.partition('#')[2].removesuffix('.months'))}"
    inner = key.partition("#")[2]
    if inner.startswith("slip."):
        kind, _, what = inner.removeprefix("slip.").rpartition("_")
        return f"Lateness of promises: {SLIPS.get(kind, kind)}, {LATENESS.get(what, what)}"
    return names.figure_title(key)


def ends(bar: Bar) -> tuple[float, float]:
    """Return the value at both ends."""
    return bar.at_low_usd, bar.at_high_usd


def breaks_words(bar: Bar, names: Names) -> list[str]:
    """Return which rules would be broken at which end, in sentences."""
    told = []
    for end, value, broken in (("low", bar.low, bar.breaks_low), ("high", bar.high, bar.breaks_high)):
        head = f"At its {end} of {short_number(value)}"
        told += [": ".join(filter(None, [head, names.where(b.where), f"{_broken_words(b, names)}."])) for b in broken]
    return told


def _broken_words(broken: Broken, names: Names) -> str:
    if not broken.template:
        return broken.sentence
    facts = [
        Usd(f.amount, f.digits) if isinstance(f, AmountSaid) else Named(f.kind, f.key) if isinstance(f, NameSaid) else f
        for f in broken.facts
    ]
    return plainly(say(broken.template, *facts), names)


def end_name(bar: Bar, names: Names, *, at_high: bool) -> str:
    """Return what the plan made again at one end of a figure is called."""
    end, value = ("high", bar.high) if at_high else ("low", bar.low)
    return f"{figure_name(bar.key, names)} at its {end}, {value:.4g}"[:200]


def resolved_sentence(found: Resolved, names: Names) -> str:
    """Return what the plan made anew at one end of a figure does otherwise."""
    end = "high" if found.high else "low"
    head = f"{figure_name(found.key, names)} at its {end} of {found.value:.4g}"
    if found.npv_usd is None:
        return f"{head}: {NO_PLAN}."
    moves = moves_words(found, names)
    return f"{head}: the best plan found is worth {usd(found.npv_usd)}; {moves}."


def moves_words(found: Resolved, names: Names) -> str:
    """Return which cities, partners and launches change."""
    parts = []
    if found.enters:
        parts.append(f"it enters {listed([names.city(city) for city in found.enters])}")
    if found.leaves:
        parts.append(f"it leaves out {listed([names.city(city) for city in found.leaves])}")
    if found.partners:
        parts.append(f"other partners serve {listed([names.city(city) for city in found.partners])}")
    parts += [
        f"{names.city(move.city)} opens in {month_name(move.after)} instead of {month_name(move.before)}"
        for move in found.moved
    ]
    if found.vehicles_end != found.vehicles_end_before:
        parts.append(
            f"{several(found.vehicles_end, 'vehicle')} at the end instead of {count(found.vehicles_end_before)}"
        )
    return listed(parts) if parts else "it decides the same"


def grid_sentences(grid: Grid, names: Names) -> list[str]:
    """Return what a grid of two figures says at a glance."""
    values = [cell.npv_usd for cell in grid.cells]
    losing = sum(value < 0 for value in values)
    over = f"Over {within(figure_name(grid.first, names), grid.first)} and {within(figure_name(grid.second, names), grid.second)}"
    said = [f"{over} the plan is worth {usd(min(values))} to {usd(max(values))}, at its launches as they are."]
    if losing:
        said.append(f"It loses money in {losing} of {several(len(values), 'cell')}.")
    return said


def listed_names(keys: Sequence[str], names: Names) -> str:
    """Return figures by name."""
    return listed([figure_name(key, names) for key in keys])


def short_number(value: float) -> str:
    """Return a figure's number as a label.

    >>> short_number(12345.6), short_number(0.08), short_number(-0.5)
    ('12,346', '0.08', '−0.5')
    """
    return count(value) if abs(value) >= 10_000 else f"{value:.4g}".replace("-", "−")
