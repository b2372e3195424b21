"""Decisions that two plans take otherwise, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from fleetplan.compare.types import DecisionMove, TieGroup
from fleetplan.months import month_number
from fleetplan.plans.deployments import deployments_of
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.words.names import Names
from fleetplan.words.values import count, listed, month_name, several

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


class Parties:
    """Says "London", or "London with Wayve" where several stacks are, with the vehicle where one partner has several.

    Vehicles have their names from the catalogue; without one in ``names`` they are called by their slugs.
    """

    def __init__(self, *plans: Plan, names: Names | None = None) -> None:
        self._names = names or Names(plans=plans)
        self._cities = {c.city: c.name for plan in plans for c in plan.cities}
        self._levels = {(c.city, level.level): level.name for plan in plans for c in plan.cities for level in c.levels}
        pairs = {(d.city, d.stack, d.partner) for plan in plans for d in deployments_of(plan).values()}
        self._partners = {stack: partner for _, stack, partner in pairs}
        self._partners |= {s.stack: s.partner for plan in plans for s in plan.stacks}
        self._in_city = Counter(city for city, _, _ in pairs)
        self._of_partner = Counter((city, partner) for city, _, partner in pairs)
        self._stacks_of = Counter(self._partners.values())

    def city(self, slug: str) -> str:
        """Return a city's name."""
        return self._cities.get(slug, slug)

    def deployment(self, d: DeploymentPlan | DecisionMove) -> str:
        """Return what to call a deployment."""
        if self._in_city[d.city] == 1:
            return self.city(d.city)
        partner = self._partners.get(d.stack, d.stack)
        whom = partner if self._of_partner[d.city, partner] == 1 else self._with_vehicle(d.stack)
        return f"{self.city(d.city)} with {whom}"

    def stack(self, slug: str) -> str:
        """Return what to call a stack: its partner, with the vehicle where the partner has several."""
        partner = self._partners.get(slug, slug)
        return partner if self._stacks_of[partner] <= 1 else self._with_vehicle(slug)

    def _with_vehicle(self, slug: str) -> str:
        return f"{self._partners.get(slug, slug)} ({self._names.platform(slug) or slug})"

    def level(self, city: str, level: int) -> str:
        """Return what to call an area level."""
        name = self._levels.get((city, level), "")
        return f"level {level} ({name})" if name else f"level {level}"


def move_sentence(move: DecisionMove, parties: Parties) -> str:
    """Return a decision that differs as a sentence."""
    return _SAID[move.kind](move, parties)


def said(moves: Iterable[DecisionMove], parties: Parties) -> list[DecisionMove]:
    """Return decisions with their sentences."""
    return [m.model_copy(update={"sentence": move_sentence(m, parties)}) for m in moves]


def ties_said(groups: Iterable[TieGroup], moves: Iterable[DecisionMove], parties: Parties) -> list[TieGroup]:
    """Return groups of ties with their sentences."""
    by_id = {m.id: m for m in moves}
    return [g.model_copy(update={"sentence": _tie_sentence(g, by_id, parties)}) for g in groups]


def _tie_sentence(g: TieGroup, moves: Mapping[str, DecisionMove], parties: Parties) -> str:
    if g.kind == "site_swap":
        own = [moves[i] for i in g.ids]
        gone, new = ([m.site for m in own if (m.b if here else m.a) is None] for here in (True, False))
        instead = f"{listed(new)} instead of {listed(gone)}" if new and gone else "the order of its sites"
        return f"{parties.city(g.city)} builds as many depots in the same months on other sites: {instead}."
    many = several(len(g.ids), "fleet or purchase differs", "fleets and purchases differ")
    return f"{many} by {several(g.most, 'vehicle')}{' at most' if len(g.ids) > 1 else ''}."


def _launch(m: DecisionMove, parties: Parties) -> str:
    who = parties.deployment(m)
    if m.b is None:
        return f"{who} {'is begun and ' if m.begun else ''}no longer opens; it opened {_month(m.a)}."
    if m.a is None:
        new = "opens {}; its programme was begun before and never opened." if m.begun else "is new and opens {}."
        return f"{who} {new.format(_month(m.b))}"
    return f"{who} opens {_moved(m)}, {_month(m.b)} instead of {_month(m.a)}."


def _driver_out(m: DecisionMove, parties: Parties) -> str:
    who = parties.deployment(m)
    if m.b is None:
        return f"{who} no longer drives without an operator; it did from {_month(m.a)}."
    if m.a is None:
        return f"{who} drives without an operator from {_month(m.b)}, which it did not before."
    return f"{who} drives without an operator {_moved(m)}, from {_month(m.b)} instead of {_month(m.a)}."


def _ended(m: DecisionMove, parties: Parties) -> str:
    who = parties.deployment(m)
    if m.b is None:
        return f"{who} no longer ends its service; it ended {_month(m.a)}."
    if m.a is None:
        before = ", which went on to the end of the horizon before" if m.begun else ""
        return f"{who} ends its service in {_month(m.b)}{before}."
    return f"{who} ends its service {_moved(m)}, {_month(m.b)} instead of {_month(m.a)}."


def _level(m: DecisionMove, parties: Parties) -> str:
    new, old = (parties.level(m.city, _whole(x)) for x in (m.b, m.a))
    return f"At the end of {m.year} {parties.deployment(m)} covers {new} instead of {old}."


def _fleet(m: DecisionMove, parties: Parties) -> str:
    new, old = _whole(m.b), _whole(m.a)
    who = parties.deployment(m)
    return f"At the end of {m.year} {who} has {several(new, 'vehicle')} instead of {count(old)} ({_more(new - old)})."


def _depot(m: DecisionMove, parties: Parties) -> str:
    who = parties.city(m.city)
    if m.b is None:
        return f"{who} no longer gets the depot {m.site} (ordered {_month(m.a)})."
    if m.a is None:
        return f"{who} gets the depot {m.site}, ordered {_month(m.b)}."
    return f"{who} orders the depot {m.site} {_moved(m)}, {_month(m.b)} instead of {_month(m.a)}."


def _bought(m: DecisionMove, parties: Parties) -> str:
    new, old = _whole(m.b), _whole(m.a)
    verb = "is" if new == 1 else "are"
    whose = parties.stack(m.stack)
    return (
        f"In {m.year} {several(new, 'vehicle')} of {whose} {verb} bought instead of {count(old)} ({_more(new - old)})."
    )


_SAID: dict[str, Callable[[DecisionMove, Parties], str]] = {
    "launch": _launch,
    "driver_out": _driver_out,
    "ended": _ended,
    "level": _level,
    "fleet": _fleet,
    "depot": _depot,
    "bought": _bought,
}


def _month(value: str | int | None) -> str:
    return month_name(str(value))


def _moved(m: DecisionMove) -> str:
    return months_words(later(str(m.a), str(m.b)))


def _whole(value: str | int | None) -> int:
    return int(value or 0)


def _more(number: int) -> str:
    return f"{number:+,}".replace("-", "−")
