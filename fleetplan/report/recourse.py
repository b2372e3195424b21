"""A scenario set as pages draw it: a bar for each scenario, from zero to its value, and what not knowing costs beyond it."""

from __future__ import annotations

from dataclasses import dataclass

from fleetplan.recourse.types import Policy, Recourse
from fleetplan.request import PlanRequest
from fleetplan.words.names import Names
from fleetplan.words.recourse import differs_words, launch_words, opening_of, policy_name
from fleetplan.words.values import percent, usd


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """A scenario as it is drawn: places in per cent of the track; ``regret_width`` is what it would be worth more if known.

    ``differs`` says what is otherwise in it.
    """

    id: str
    chance: str
    differs: str
    opens: str
    value: str
    known: str
    given_up: str
    left: float
    width: float
    regret_left: float
    regret_width: float
    loses: bool


@dataclass(frozen=True, slots=True)
class SpreadView:
    """Every scenario, the least worth first, with where zero and the mean stand, in per cent of the track."""

    rows: list[ScenarioRow]
    zero: float
    mean: float
    mean_usd: str
    tail_usd: str


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy in words: what is decided, its mean, the mean of the worst, what the set makes of it; ``best`` of them."""

    name: str
    mean: str
    tail: str
    objective: str
    best: bool


def spread_view(found: Recourse, request: PlanRequest, names: Names) -> SpreadView:
    """Return the scenarios of a set of a request as they are drawn."""
    opening = opening_of(found)
    chosen = {outcome.scenario: outcome for outcome in found.chosen.outcomes}
    values = [v for one in (*found.perfect, *chosen.values()) for v in (one.value_usd,)]
    low, high = min(0.0, *values), max(0.0, *values)
    span = high - low or 1.0

    def at(value: float) -> float:
        return round(100.0 * (value - low) / span, 3)

    rows = []
    for scenario, perfect in zip(found.scenarios, found.perfect, strict=True):
        outcome = chosen[scenario.id]
        value, known = outcome.value_usd, max(outcome.value_usd, perfect.value_usd)
        rows.append(
            (
                value,
                ScenarioRow(
                    id=scenario.id,
                    chance=percent(scenario.probability, 0),
                    differs=differs_words(scenario, opening, request, names),
                    opens=launch_words(outcome, names),
                    value=usd(value),
                    known=usd(perfect.value_usd),
                    given_up=usd(outcome.given_up_usd),
                    left=at(min(0.0, value)),
                    width=round(abs(at(value) - at(0.0)), 3),
                    regret_left=at(value),
                    regret_width=round(at(known) - at(value), 3),
                    loses=value < 0,
                ),
            )
        )
    ordered = [row for _, row in sorted(rows, key=lambda pair: pair[0])]
    mean = found.chosen.expected_usd
    return SpreadView(ordered, at(0.0), at(mean), usd(mean), usd(found.chosen.tail_usd))


def policy_rows(found: Recourse) -> list[PolicyRow]:
    """Return the policies followed through all scenarios, the best first."""
    ordered = sorted(found.policies, key=lambda policy: -policy.objective_usd)
    return [_policy_row(one, best=one.name == found.best) for one in ordered]


def _policy_row(one: Policy, *, best: bool) -> PolicyRow:
    name = policy_name(one)
    name = name[:1].upper() + name[1:]
    return PolicyRow(name, usd(one.expected_usd), usd(one.tail_usd), usd(one.objective_usd), best)


def regret_table(found: Recourse, names: Names) -> tuple[list[str], list[tuple[str, list[str], str]]]:
    """Return the cities in which not knowing costs something, and of every such scenario what it costs there, and in all."""
    cities = sorted({city for regret in found.regrets for city, lost in regret.by_city_usd.items() if city and lost})
    rows = [
        (
            regret.scenario,
            [usd(regret.by_city_usd[city]) if city in regret.by_city_usd else "" for city in cities],
            usd(regret.regret_usd),
        )
        for regret in sorted(found.regrets, key=lambda r: -r.regret_usd)
        if abs(regret.regret_usd) >= 1.0
    ]
    return [names.city(city) for city in cities], rows
