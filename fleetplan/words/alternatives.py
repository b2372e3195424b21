"""Alternatives to a plan in sentences: how many there are and how near, in what each is stronger, what all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fleetplan.alternatives.types import Alternative, Alternatives, Core, CoreLaunch, Strength
from fleetplan.months import month_text
from fleetplan.words.moves import months_words
from fleetplan.words.names import Names
from fleetplan.words.values import between_words, count, listed, month_name, percent, several, usd, usd_fine

CENT_USD = 0.005
FEW = 4


def in_words(found: Alternatives, names: Names) -> Alternatives:
    """Return alternatives with their sentences; nothing else in them changes."""
    others = [one.model_copy(update={"sentences": list(_alternative(one))}) for one in found.others]
    near = found.nearest
    nearest = near.model_copy(update={"sentences": list(_alternative(near))}) if near else None
    told = [*_heading(found, names), *(core_sentences(found.core, names) if found.others else [])]
    return found.model_copy(update={"others": others, "nearest": nearest, "sentences": told})


def differ_words(found: Alternatives, names: Names) -> str:
    """Return in what the plans differ, within a sentence."""
    if found.city:
        return f"in who opens in {names.city(found.city)}, in which quarter, and in how wide the area gets"
    return "in who opens where and in which quarter" if found.differ == "launches" else "in who opens where"


def _heading(found: Alternatives, names: Names) -> Iterator[str]:
    near = (
        f"that give up at most {usd(found.slack_usd)} of its {usd_fine(found.best_usd)}"
        if found.slack_usd is not None
        else ""
    )
    number, how = len(found.others), differ_words(found, names)
    if number:
        are = "is 1 other plan" if number == 1 else f"are {count(number)} other plans"
        apart = "differing from it" if number == 1 else "each differing from it and from the others"
        yield f"Beside this plan there {are}{f' {near}' if near else ''}, {apart} {how}."
    elif found.ended != "unknown":
        limit = (
            f" within {usd(found.slack_usd)} of its {usd_fine(found.best_usd)}" if found.slack_usd is not None else ""
        )
        yield f"No other plan{limit} was found that differs {how}."
    yield from _end(found)


def _end(found: Alternatives) -> Iterator[str]:
    yet = "yet another structure" if found.others else "another structure"
    if found.ended == "enough":
        yield f"There may be more: a plan of {yet} can be worth up to {usd_fine(found.most_usd or 0.0)}."
    elif found.ended == "proven" and found.none_left:
        yield (
            f"These are all: no plan of {yet} keeps the rules."
            if found.others
            else f"No plan of {yet} keeps the rules."
        )
    elif found.ended == "proven":
        yield f"That there is no nearer one is proven: no plan of {yet} is worth more than {usd_fine(found.most_usd or 0.0)}."
    elif found.ended == "searched":
        yield (
            f"None nearer was found, but that is not proven: a plan of {yet} could be worth up to "
            f"{usd_fine(found.most_usd or 0.0)}."
        )
    elif found.others or found.nearest:
        yield "The search is not over: further ones may be as near."
    else:
        yield "No other plan is known yet: whether one is as near was not looked for, or not found out in the time given."


def _alternative(one: Alternative) -> Iterator[str]:
    yield _worth(one)
    yield from (move.sentence for move in one.moves)
    if one.strengths:
        yield f"Stronger in this: {'; '.join(strength_words(s) for s in one.strengths)}."
    else:
        yield "It opens no sooner, serves no more markets, asks for no less money and leans on its partners no less."


def _worth(one: Alternative) -> str:
    if one.cost_usd < -CENT_USD:
        more = f"{usd(-one.cost_usd)} more than the plan itself, whose bound allows for it"
        return f"Worth {usd_fine(one.npv_usd)}, {more}."
    if one.most_usd < CENT_USD:
        return f"Worth {usd_fine(one.npv_usd)}: it gives up nothing."
    band = between_words(one.least_usd, one.most_usd, "the bounds of both")
    return f"Worth {usd_fine(one.npv_usd)}, {usd(one.cost_usd)} less ({band})."


def strength_words(s: Strength) -> str:
    """Return in what a plan is stronger, within a sentence."""
    return _STRENGTHS[s.kind](s)


def _earlier(s: Strength) -> str:
    months = round(s.here - s.best)
    return f"riders {months_words(months)}, from {month_name(month_text(round(s.here)))}"


def _less(what: str) -> Callable[[Strength], str]:
    return lambda s: f"{usd(s.best - s.here)} less {what}, {usd(s.here)}"


_STRENGTHS: dict[str, Callable[[Strength], str]] = {
    "earlier": _earlier,
    "markets": lambda s: f"{count(s.here)} markets instead of {count(s.best)}",
    "capital": _less("capital"),
    "funding": _less("funding at the deepest"),
    "partner": lambda s: (
        f"its largest partner has {percent(s.here, 0)} of the vehicles instead of {percent(s.best, 0)}"
    ),
    "cash": lambda s: f"{usd(s.here - s.best)} more cash within the horizon, {usd(s.here)}",
    "vehicles": lambda s: f"{several(round(s.here - s.best), 'vehicle')} more at the end, {count(s.here)}",
}


def core_sentences(core: Core, names: Names) -> list[str]:
    """Return what several plans share, and so what is no regret whichever of them is chosen."""
    return list(_core(core, names))


def _core(core: Core, names: Names) -> Iterator[str]:
    every = f"all {count(core.plans)} plans"
    if not core.launches and not core.cities:
        yield f"No launch is common to {every}: which city to open is the choice itself."
        return
    yield from (f"In {every} {_shared(one, names)}" for one in core.launches[:FEW])
    if len(core.launches) > FEW:
        more = [names.place(one.stack, one.city) for one in core.launches[FEW:]]
        yield f"So do {listed(more)}."
    open_anyway = [city for city in core.cities if city not in {one.city for one in core.launches}]
    if open_anyway:
        yield f"{listed([names.city(city) for city in open_anyway])} opens in {every}, with one partner or another."
    if core.depots:
        sites = [f"{site} in {names.city(city)}" for city, site in core.depots]
        yield f"{several(len(sites), 'depot is', 'depots are')} built in {every}: {listed(sites)}."
    if core.capital_usd > 0:
        yield f"Each spends at least {usd(core.capital_usd)} within the first year."


def _shared(one: CoreLaunch, names: Names) -> str:
    who = names.place(one.stack, one.city)
    months = month_name(one.first)
    opens = f"in {months}" if one.first == one.last else f"between {months} and {month_name(one.last)}"
    begun = month_name(one.begins)
    begins = f"in {begun}" if one.begins == one.begins_last else f"between {begun} and {month_name(one.begins_last)}"
    fleet = ""
    if one.vehicles:
        year = max(one.vehicles)
        fleet = f", and has at least {several(one.vehicles[year], 'vehicle')} at the end of {year}"
    return f"{who} opens {opens}, its programme begun {begins}{fleet}."
