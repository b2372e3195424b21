"""What the pages show of a plan's replays: the list of a city's, the one that is looked at, how the plan stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.deps import Answered, Service
from api.simulations import SimulationSummary, listed, result_of, row_of, standings
from fleetplan.catalogue.types import City
from fleetplan.plans.types import CityRollout
from fleetplan.replays.months import is_open
from fleetplan.replays.types import PlanStanding
from fleetplan.report.replay import replay_view
from fleetplan.words.replays import STATES, fallen_sentence, flag, of_days, standing_sentences

WAITING = frozenset({"queued", "running"})


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """A replay of a city as the list shows it."""

    told: SimulationSummary
    days: str
    state: str
    found: str
    shown: bool


def city_replays(
    service: Service,
    found: Answered,
    rollout: CityRollout,
    city: City | None,
    chosen: str | None,
) -> dict[str, Any]:
    """Return what a city's page shows of its replays; ``chosen`` is the id of the one to look at, by default the last known."""
    rows = [s for s in listed(service, found.row.id).simulations if s.city == rollout.city]
    known = [s for s in rows if s.state == "succeeded"]
    shown = chosen if chosen in {s.id for s in rows} else known[-1].id if known else None
    month = None if shown is None else result_of(service.store, row_of(service, found.row.id, shown))
    return {
        "replays": [_row(s, shown) for s in rows],
        "replay": month,
        "replay_parts": [] if month is None else replay_view(month, city),
        "replay_other": month is not None and month.catalogue_sha256 != found.plan.certificate.catalogue_sha256,
        "replay_running": [s.id for s in rows if s.state in WAITING],
        "replay_months": [p for t, p in enumerate(found.plan.periods) if is_open(rollout, t)],
    }


def _row(told: SimulationSummary, shown: str | None) -> ReplayRow:
    found = ""
    if told.standing is not None:
        found = "the plan stands" if told.standing.stands else fallen_sentence(told.standing)
    elif told.problem is not None:
        found = str(told.problem.get("detail") or told.problem.get("code", ""))
    return ReplayRow(told, of_days(told.days), STATES[told.state], found, told.id == shown)


def plan_standing(service: Service, plan: str) -> dict[str, Any]:
    """Return what a plan's page says of its replays."""
    standing = standings(service.store, [plan]).get(plan, PlanStanding(planned=0, months=[]))
    return {"standing": standing, "standing_said": standing_sentences(standing)}


def flags(service: Service, plans: list[str]) -> dict[str, str]:
    """Return in a few words, by plan, what the list of plans flags."""
    return {plan: said for plan, one in standings(service.store, plans).items() if (said := flag(one))}
