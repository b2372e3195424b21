"""Decisions that two plans take otherwise, in a fixed order and in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

from fleetplan.compare.types import DecisionMove
from fleetplan.months import month_number
from fleetplan.plans.deployments import deployments_of, year_ends
from fleetplan.plans.reading import NEVER
from fleetplan.plans.types import DeploymentPlan, DepotPlan, Plan

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def months_words(months: int) -> str:
    """Return a number of months in words.

    >>> months_words(6), months_words(-1), months_words(18)
    ('six months later', 'one month earlier', '18 months later')
    """
    size = abs(months)
    number = NUMBERS[size] if size < len(NUMBERS) else str(size)
    return f"{number} month{'' if size == 1 else 's'} {'later' if months > 0 else 'earlier'}"


def later(a: str, b: str) -> int:
    """Return by how many months ``b`` is later than ``a``."""
    return month_number(b) - month_number(a)


def _sign(a: str | float, b: str | float) -> Literal[-1, 1]:
    return 1 if (b > a if isinstance(a, str) and isinstance(b, str) else float(b) > float(a)) else -1


class Names:
    """Says "London", or "London with Wayve" where several stacks are, or the stack where one partner has several there."""

    def __init__(self, *plans: Plan) -> None:
        self.cities = {c.city: c.name for plan in plans for c in plan.cities}
        self.levels = {(c.city, level.level): level.name for plan in plans for c in plan.cities for level in c.levels}
        pairs = {(d.city, d.stack, d.partner) for plan in plans for d in deployments_of(plan).values()}
        self.in_city = Counter(city for city, _, _ in pairs)
        self.of_partner = Counter((city, partner) for city, _, partner in pairs)

    def city(self, slug: str) -> str:
        """Return a city's name."""
        return self.cities.get(slug, slug)

    def deployment(self, d: DeploymentPlan) -> str:
        """Return what to call a deployment."""
        if self.in_city[d.city] == 1:
            return self.city(d.city)
        whom = d.partner if self.of_partner[d.city, d.partner] == 1 else d.stack
        return f"{self.city(d.city)} with {whom}"

    def level(self, city: str, level: int) -> str:
        """Return what to call an area level."""
        name = self.levels.get((city, level), "")
        return f"level {level} ({name})" if name else f"level {level}"


def _month_move(  # a move has as many sides, all by keyword
    *, of: str, kind: Literal["launch", "driver_out"], d: DeploymentPlan, a: str | None, b: str | None, words: str
) -> DecisionMove:
    return DecisionMove(
        id=f"{kind}:{of}",
        kind=kind,
        city=d.city,
        stack=d.stack,
        a=a,
        b=b,
        direction=_sign(a or NEVER, b or NEVER),
        sentence=words,
    )


def _launch_words(who: str, a: str, b: str, *, begun: bool) -> str:
    """Say how an opening moves; ``begun`` says that both plans begin its programme, whether it opens or not."""
    if not b:
        return f"{who} {'is begun and ' if begun else ''}no longer opens; it opened {a}."
    if not a:
        return (
            f"{who} opens {b}; its programme was begun before and never opened."
            if begun
            else f"{who} is new and opens {b}."
        )
    return f"{who} opens {months_words(later(a, b))}, {b} instead of {a}."


def _driver_out_words(who: str, a: str | None, b: str | None) -> str:
    if not b:
        return f"{who} no longer drives without an operator; it did from {a}."
    if not a:
        return f"{who} drives without an operator from {b}, which it did not before."
    return f"{who} drives without an operator {months_words(later(a, b))}, from {b} instead of {a}."


def _by_year(plan: Plan, values: list[int] | None) -> dict[str, int]:
    """Return values at year ends; 0 throughout for a deployment that the plan does not have."""
    return {year: values[t] if values else 0 for year, t in year_ends(plan.periods).items()}


def _deployment_moves(
    key: str, plans: tuple[Plan, Plan], pair: tuple[DeploymentPlan | None, DeploymentPlan | None], names: Names
) -> Iterator[DecisionMove]:
    one, two = pair
    known = two or one
    assert known is not None  # noqa: S101  # the key stands in one of the plans
    who, city, stack = names.deployment(known), known.city, known.stack
    a, b = one.launch if one else "", two.launch if two else ""
    if a != b:
        words = _launch_words(who, a, b, begun=one is not None and two is not None)
        yield _month_move(of=key, kind="launch", d=known, a=a or None, b=b or None, words=words)
    out_a, out_b = one.driver_out if one else None, two.driver_out if two else None
    if a and b and out_a != out_b:
        words = _driver_out_words(who, out_a, out_b)
        yield _month_move(of=key, kind="driver_out", d=known, a=out_a, b=out_b, words=words)
    levels = _by_year(plans[0], one.level if one else None), _by_year(plans[1], two.level if two else None)
    for year in sorted(set(levels[0]) & set(levels[1])):
        x, y = levels[0][year], levels[1][year]
        if a and b and x != y and x and y:
            text = f"At the end of {year} {who} covers {names.level(city, y)} instead of {names.level(city, x)}."
            yield _number_move("level", key, year, x, y, text, city=city, stack=stack)
    fleets = _by_year(plans[0], one.vehicles if one else None), _by_year(plans[1], two.vehicles if two else None)
    for year in sorted(set(fleets[0]) & set(fleets[1])):
        x, y = fleets[0][year], fleets[1][year]
        if x != y:
            text = f"At the end of {year} {who} has {_vehicles(y)} instead of {x:,} ({_more(y - x)})."
            yield _number_move("fleet", key, year, x, y, text, city=city, stack=stack)


def _vehicles(number: int) -> str:
    return f"{number:,} vehicle{'' if number == 1 else 's'}"


def _more(number: int) -> str:
    return f"{number:+,}".replace("-", "−")


def _number_move(  # a move has as many sides
    kind: Literal["level", "fleet", "bought"],
    of: str,
    year: str,
    a: int,
    b: int,
    text: str,
    *,
    stack: str,
    city: str = "",
) -> DecisionMove:
    return DecisionMove(
        id=f"{kind}:{of}:{year}",
        kind=kind,
        city=city,
        stack=stack,
        year=year,
        a=a,
        b=b,
        direction=_sign(a, b),
        sentence=text,
    )


def _depot_words(who: str, a: DepotPlan | None, b: DepotPlan | None) -> str:
    if a is None or b is None:
        kept = b or a
        assert kept is not None  # noqa: S101  # one side has it
        if b is None:
            return f"{who} no longer gets the depot {kept.site} (ordered {kept.ordered})."
        return f"{who} gets the depot {kept.site}, ordered {kept.ordered}."
    return f"{who} orders the depot {b.site} {months_words(later(a.ordered, b.ordered))}, {b.ordered} instead of {a.ordered}."


def _used_depots(plan: Plan) -> dict[tuple[str, str], DepotPlan]:
    """Return the depots that ever get a stall: one ordered at nobody's cost and left empty is no decision."""
    found = {(c.city, d.site): d for c in plan.cities for d in c.depots}
    return {key: d for key, d in found.items() if any(d.stalls) or any(d.stalls_partner)}


def _depot_moves(a: Plan, b: Plan, names: Names) -> Iterator[DecisionMove]:
    one, two = _used_depots(a), _used_depots(b)
    for city, site in sorted(set(one) | set(two)):
        x, y = one.get((city, site)), two.get((city, site))
        before, after = x.ordered if x else None, y.ordered if y else None
        if before != after:
            yield DecisionMove(
                id=f"depot:{city}/{site}",
                kind="depot",
                city=city,
                site=site,
                a=before,
                b=after,
                direction=_sign(before or NEVER, after or NEVER),
                sentence=_depot_words(names.city(city), x, y),
            )


def _bought_by_year(plan: Plan) -> Mapping[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for s in plan.stacks:
        for month, number in zip(plan.periods, s.bought, strict=True):
            found[s.stack, month[:4]] += number
    return found


def _bought_moves(a: Plan, b: Plan) -> Iterator[DecisionMove]:
    one, two = _bought_by_year(a), _bought_by_year(b)
    years = set(year_ends(a.periods)) & set(year_ends(b.periods))
    for stack, year in sorted(set(one) | set(two)):
        x, y = one.get((stack, year), 0), two.get((stack, year), 0)
        if x != y and year in years:
            text = f"In {year} {_vehicles(y)} of {stack} are bought instead of {x:,} ({_more(y - x)})."
            yield _number_move("bought", stack, year, x, y, text, stack=stack)


def decision_moves(a: Plan, b: Plan) -> list[DecisionMove]:
    """Return every decision that differs: by deployment, then depots, then purchases; year ends that both plans reach."""
    names = Names(a, b)
    one, two = deployments_of(a), deployments_of(b)
    keys = sorted(set(one) | set(two), key=lambda key: (key.partition("@")[2], key))
    moves = [m for key in keys for m in _deployment_moves(key, (a, b), (one.get(key), two.get(key)), names)]
    return [*moves, *_depot_moves(a, b, names), *_bought_moves(a, b)]
