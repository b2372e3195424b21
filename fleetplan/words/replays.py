"""What replays of a plan say: whether a month stands and by how much it is off, and how a whole plan stands."""

from __future__ import annotations

from fleetplan.replays.types import Days, DeploymentTold, FigureName, MonthStanding, MonthTold, PlanStanding, Shortfall
from fleetplan.words.values import listed, month_name, several

FIGURES: dict[FigureName, str] = {
    "trips_per_day": "trips a day",
    "served_share": "share of riders who ask",
    "wait_min": "mean wait, min",
    "empty_share": "empty share of km",
}
DAYS = {"all": "", "weekday": ", weekdays", "weekend": ", weekend days"}
MOST_NAMED = 4
NOTHING = "The plan opens nothing: there is no month to replay."
STATES = {
    "queued": "waits to be replayed",
    "running": "is being replayed",
    "succeeded": "replayed",
    "failed": "could not be replayed",
}


def said(told: MonthTold) -> MonthTold:
    """Return a month with its sentences: the verdict first, then each deployment."""
    return told.model_copy(
        update={"sentences": (month_verdict(told), *(deployment_verdict(d) for d in told.deployments))}
    )


def month_verdict(told: MonthTold) -> str:
    """Return one sentence: whether the promise of the month stands."""
    stands = "stands" if told.stands else "does not stand"
    return f"{told.name}, {month_name(told.month)}{DAYS[told.days]}: the plan {stands}."


def deployment_verdict(told: DeploymentTold) -> str:
    """Return what was promised of a deployment and what came of it, with the reason where it does not stand."""
    trips, wait = told.figure("trips_per_day"), told.figure("wait_min")
    text = (
        f"{told.partner}: {told.vehicles:,} vehicles in area {told.level} ({told.level_name}), "
        f"{told.demand_per_day:,.0f} riders a day ask. "
        f"Promised {trips.promised:,.0f} trips a day at {wait.promised:.1f} min, "
        f"replayed {trips.replayed:,.0f} at {wait.replayed:.1f} min."
    )
    return " ".join([text, *(_missed(s) for s in told.shortfalls)])


def _missed(short: Shortfall) -> str:
    if short.figure == "served_share":
        missed, allowed = 100.0 * short.missed, 100.0 * short.allowed
        return f"Of all who ask {missed:.1f} points fewer ride than promised; {allowed:g} are allowed."
    return f"Riders wait {100.0 * short.missed:.0f} % longer than promised; {100.0 * short.allowed:.0f} % are allowed."


def fallen_sentence(month: MonthStanding) -> str:
    """Return which month of a city does not stand, and what is missed there."""
    missed = []
    for short in month.shortfalls:
        if short.figure == "served_share":
            missed.append(f"{100.0 * short.missed:.1f} points fewer riders ride ({short.partner})")
        else:
            missed.append(f"riders wait {100.0 * short.missed:.0f} % longer ({short.partner})")
    return f"{month.name} in {month_name(month.month)}: {listed(missed)} than promised."


def standing_sentences(standing: PlanStanding) -> list[str]:
    """Return how a plan stands once its months are replayed; what is not known yet is told, nothing where no month is planned."""
    if not standing.planned:
        return []
    known, fallen = len(standing.months), standing.fallen
    if not known:
        left = standing.planned - standing.failed
        told = [f"{several(left, 'month')} to be replayed request by request; none is yet."] if left else []
        return [*told, *_failed(standing)]
    head = f"{several(known, 'month')} replayed request by request"
    if known < standing.planned:
        verb = "is" if known == 1 else "are"
        head = f"{known} of {several(standing.planned, 'month')} {verb} replayed request by request so far"
    if not fallen:
        return [f"{head}: the plan stands in {'it' if known == 1 else 'all of them'}.", *_failed(standing)]
    named = [fallen_sentence(month) for month in fallen[:MOST_NAMED]]
    more = [f"And {several(len(fallen) - MOST_NAMED, 'month')} more."] if len(fallen) > MOST_NAMED else []
    share = "it" if known == 1 else f"{len(fallen)} of them"
    return [f"{head}: the plan does not stand in {share}.", *named, *more, *_failed(standing)]


def _failed(standing: PlanStanding) -> list[str]:
    if not standing.failed:
        return []
    return [f"{several(standing.failed, 'month')} could not be replayed."]


def flag(standing: PlanStanding) -> str:
    """Return in a few words that a plan does not stand in some months; empty where it does, as far as known."""
    fallen = len(standing.fallen)
    return f"does not stand in {fallen} of {several(len(standing.months), 'month')} replayed" if fallen else ""


def of_days(days: Days) -> str:
    """Return which days of a month are replayed."""
    return {"all": "all days", "weekday": "weekdays", "weekend": "weekend days"}[days]


def figure_name(figure: FigureName) -> str:
    """Return what a figure is called."""
    return FIGURES[figure]
