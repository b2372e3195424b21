"""Supply lines as the request has them, read from the catalogue and the request as they were given."""

from __future__ import annotations

from dataclasses import dataclass

from fleetplan.catalogue.aliases import resolve_stack
from fleetplan.months import month_number
from fleetplan.plans.check.case import Case
from fleetplan.request.imposed import LineChange


def _asked(case: Case) -> list[LineChange]:
    return [c for c in case.request.constraints if isinstance(c, LineChange)]


def moved(case: Case, stack: str) -> LineChange | None:
    """Return what the request says of where a stack's vehicles are built."""
    named = (c for c in _asked(case) if c.stack is not None)
    return next((c for c in named if resolve_stack(case.raw, c.stack or "") == stack), None)


def _begins(c: LineChange) -> int:
    return month_number(c.start or "2000-01") + c.delay_months


def built_at(case: Case, stack: str, month: int) -> str:
    """Return the line on which a stack's vehicles are built that are bought in a month."""
    asked = moved(case, stack)
    return asked.line if asked and month >= _begins(asked) else case.catalogue.stacks[stack].supply_line


def late_months(case: Case, stack: str) -> int:
    """Return the months by which a stack's own line is late."""
    own = case.catalogue.stacks[stack].supply_line
    return sum(c.delay_months for c in _asked(case) if c.stack is None and c.line == own)


def added(case: Case, stack: str, month: int) -> float:
    """Return the vehicles that a line which is switched on has added by a month to what can be had of a stack."""
    asked = moved(case, stack)
    if asked is None or asked.vehicles_per_year is None:
        return 0.0
    return asked.vehicles_per_year * max(0, month - _begins(asked)) / 12


def _number(case: Case, line: str, column: str) -> float:
    known = case.raw.supply_lines.get(line)
    return float(known.fields.get(column) or 0) if known else 0.0


def _for_others(case: Case, c: LineChange) -> float:
    return _number(case, c.line, "current_output_per_year") if c.others_per_year is None else c.others_per_year


def most_a_year(case: Case, line: str) -> float | None:
    """Return how many vehicles a line builds a year for what is planned; nothing where no number is known."""
    here = [c for c in _asked(case) if c.line == line]
    on, limits = [c for c in here if c.stack], [c.vehicles_per_year for c in here if not c.stack]
    numbers: list[float] = [n for n in limits if n is not None]
    whole = _number(case, line, "capacity_per_year")
    if whole:
        numbers.append(max(0.0, whole - max((_for_others(case, c) for c in on), default=0.0)))
    own = [c.vehicles_per_year for c in on]
    if own and None not in own:
        numbers.append(sum(n or 0 for n in own))
    return min(numbers) if numbers else None


@dataclass(frozen=True, slots=True)
class Built:
    """A line that the request switches on for a stack.

    ``month``: vehicles bought from it on are built there. ``price_usd``: of one, at the plant's break-even, nothing for the
    stack's own. ``short``: by what share the plant's break-even exceeds what it builds.
    """

    month: int
    price_usd: float | None
    short: float


def built_there(case: Case, stack: str) -> Built | None:
    """Return the line that the request switches on for a stack; nothing where it switches none on."""
    asked = moved(case, stack)
    if asked is None:
        return None
    built = _for_others(case, asked) + (asked.vehicles_per_year or 0)
    enough = _number(case, asked.line, "break_even_utilisation") * _number(case, asked.line, "capacity_per_year")
    return Built(_begins(asked), asked.price_usd, max(0.0, enough / built - 1) if built else 0.0)


def price_usd(case: Case, stack: str, price: float, month: int) -> float | None:
    """Return what a vehicle costs, without spares, that is built on a line the request switches on; nothing for others.

    ``price`` is what one costs by the lists of prices. The plant's fixed cost is spread over fewer cars while it builds less
    than it breaks even at.
    """
    there = built_there(case, stack)
    if there is None or month < there.month:
        return None
    maker = case.catalogue.stacks[stack]
    whole, kit = maker.value("vehicle.price_usd"), maker.value("vehicle.kit_share")
    dearer = case.own("supply.fixed_cost_share") * there.short * whole * (1 - kit)
    return max(0.0, (there.price_usd or whole) / whole * (price + dearer))


def rivals_line(case: Case, city: str) -> LineChange | None:
    """Return what the request says of the line that builds the cars of a rival in a city; nothing where it says nothing."""
    rivals = [rival.name for rival in case.catalogue.cities[city].rivals]
    for c in _asked(case):
        theirs = {s.partner for s in case.catalogue.stacks.values() if s.rival and s.supply_line == c.line}
        if not c.stack and any(name == who or name.startswith(who + " ") for name in rivals for who in theirs):
            return c
    return None


def rivals_take(case: Case, city: str, t: int, *, asked: bool) -> float:
    """Return the share of a city's riders that rivals take in a period, ``asked``: with what the request says of their line."""
    share = case.catalogue.cities[city].value("market.rival_share")
    middle, months = case.starts[t] - case.start + case.lengths[t] / 2, case.end - case.start
    c = rivals_line(case, city) if asked else None
    if c is None:
        return share * middle / months
    volume, part = case.own("rival.line_vehicles_per_year"), case.own("rival.line_share")
    built = volume if c.vehicles_per_year is None else c.vehicles_per_year
    grown = middle * (1 - part) + max(0.0, middle - c.delay_months) * part * built / volume
    return min(1.0, share * grown / months)
