"""What stands today, by slug and absolute month: read from a request's starting state, with every fault of it.

What is told must hang together: a service has a programme before an area and an area before vehicles, vehicles run under a permit
that is in hand, those that the platform owns were bought, stalls stand on a site that was ordered in time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fleetplan.catalogue.types import DepotSite
from fleetplan.months import month_number, month_text
from fleetplan.request import PlanRequest
from fleetplan.request.started import StartingState
from fleetplan.scope.admission import Admission
from fleetplan.scope.names import Names, Pair

Steps = tuple[tuple[int, int], ...]
"""(absolute month, number from then on), the first month first."""

_DROP = "take the entry out"
_HERE = "/starting_state"


@dataclass(frozen=True, slots=True)
class StartedService:
    """A stack in a city whose programme has begun: its areas in km², its vehicles by mode, each from a month on."""

    programme: int
    areas: tuple[tuple[int, float], ...] = ()
    fleets: Mapping[str, Steps] = field(default_factory=dict)

    def vehicles(self, mode: str, month: int) -> int:
        """Return the vehicles in service in a mode in an absolute month."""
        return standing(self.fleets.get(mode, ()), month)


@dataclass(frozen=True, slots=True)
class HeldPermit:
    """A permit in hand since an absolute month; of every stack or city where that is empty."""

    permit: str
    month: int
    stack: str = ""
    city: str = ""


@dataclass(frozen=True, slots=True)
class StartedDepot:
    """A site ordered in an absolute month, with the stalls of the platform and of the partner on it."""

    ordered: int
    stalls: Mapping[str, Steps] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started:
    """What stands at the absolute month ``month``; services by stack and city, purchases by stack, depots by city and site."""

    month: int
    services: Mapping[Pair, StartedService]
    bought: Mapping[str, Steps]
    permits: tuple[HeldPermit, ...]
    depots: Mapping[tuple[str, str], StartedDepot]
    cash_usd: float = 0.0

    def in_hand(self, stack: str, city: str) -> dict[str, int]:
        """Return the permits of a stack in a city that are in hand, with the absolute month since when."""
        mine = (p for p in self.permits if p.stack in {"", stack} and p.city in {"", city})
        return {p.permit: p.month for p in mine}

    def there(self, stack: str) -> int:
        """Return the vehicles of a stack that there surely are: those in service, or those bought."""
        own = [s for (name, _), s in self.services.items() if name == stack]
        serving = sum(s.vehicles(mode, self.month) for s in own for mode in s.fleets)
        return max(serving, sum(number for _, number in self.bought.get(stack, ())))


def standing(steps: Iterable[tuple[int, int]], month: int) -> int:
    """Return the number that stands in an absolute month.

    >>> standing([(10, 3), (12, 5)], 11), standing([(10, 3), (12, 5)], 9)
    (3, 0)
    """
    return next((number for at, number in sorted(steps, reverse=True) if at <= month), 0)


def started_of(request: PlanRequest, names: Names, admission: Admission | None) -> Started | None:
    """Return what a request starts from; nothing where it says nothing. Faults are noted in ``names``.

    ``admission`` is what is planned; None where the request's lists hold faults of their own.
    """
    state = getattr(request, "starting_state", None)
    if state is None:
        return None
    return _Reading(request, state, names, admission).read()


@dataclass(eq=False)
class _Reading:
    """A starting state on its way to slugs and months."""

    request: PlanRequest
    state: StartingState
    names: Names
    admission: Admission | None

    def read(self) -> Started:
        self._check_month()
        services = self._services()
        found = Started(
            month_number(self.state.month),
            services,
            self._bought(),
            self._permits(),
            self._depots(),
            self.state.cash_usd,
        )
        for pair, service in services.items():
            self._check_permits(pair, service, found)
        self._check_owned(found)
        return found

    def _check_month(self) -> None:
        """Note a month that lies outside the horizon, or leaves nothing before it."""
        horizon, at = self.request.horizon, month_number(self.state.month)
        start = month_number(horizon.start)
        if not start < at < start + horizon.months:
            allowed = f"{month_text(start + 1)} to {month_text(start + horizon.months - 1)}"
            what = f"{self.state.month} leaves nothing before it or after it in the horizon"
            remedy = "begin the horizon when the first of what stands began, and let it last beyond this month"
            self.names.add(f"{_HERE}/month", what, allowed, remedy)

    def _when(self, month: str, where: str) -> int:
        """Return an absolute month that lies before the state's, and in the horizon."""
        start, at = self.request.horizon.start, month_number(month)
        if not month_number(start) <= at < month_number(self.state.month):
            last = month_text(month_number(self.state.month) - 1)
            remedy = "what is to come is planned" if at >= month_number(start) else "begin the horizon earlier"
            self.names.add(
                f"{where}/month", f"{month} is not among the months that are done", f"{start} to {last}", remedy
            )
        return at

    def _before(self, month: str, where: str) -> int:
        """Return an absolute month that lies before the state's; what is in hand may have come before the horizon."""
        if month >= self.state.month:
            remedy = "what is to come is planned; a permit_delay moves it"
            self.names.add(f"{where}/month", f"{month} is yet to come", f"before {self.state.month}", remedy)
        return month_number(month)

    def _pair(self, entry: object, where: str) -> Pair | None:
        """Return stack and city of an entry; nothing, once it is noted, where they are not planned."""
        pair = self.names.pair(entry, where)  # type: ignore[arg-type]  # whatever names a city and a stack
        refused = self.admission.refusal(*pair) if pair and self.admission else None
        if pair and refused:
            what = f"{pair[0]} stands in {pair[1]} and is not planned there: {refused.reason}"
            self.names.add(f"{where}/stack", what, "a planned pair", refused.remedy or _DROP)
            return None
        return pair

    def _services(self) -> dict[Pair, StartedService]:
        begun: dict[Pair, int] = {}
        for k, entry in enumerate(self.state.programmes):
            where = f"{_HERE}/programmes/{k}"
            if (pair := self._pair(entry, where)) and begun.setdefault(
                pair, at := self._when(entry.month, where)
            ) != at:
                self.names.add(where, f"{pair[0]} in {pair[1]} begins twice", "one month for each", _DROP)
        areas = self._areas(begun)
        self._check_once("areas", ("city", "stack", "month"))
        self._check_once("fleets", ("city", "stack", "mode", "month"))
        fleets: dict[Pair, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for k, each in enumerate(self.state.fleets):
            where = f"{_HERE}/fleets/{k}"
            if pair := self._pair(each, where):
                at = self._when(each.month, where)
                opened = min((m for m, _ in areas.get(pair, ())), default=None)
                if each.vehicles and (opened is None or at < opened):
                    what = (
                        f"{each.vehicles} vehicles serve in {each.month}, and no area of {pair[0]} in {pair[1]} is open"
                    )
                    remedy = "add an entry to areas, or begin with the month in which it opened"
                    self.names.add(where, what, "vehicles in an open area", remedy)
                fleets[pair][each.mode].append((at, each.vehicles))
        return {
            pair: StartedService(
                month,
                tuple(areas.get(pair, ())),
                {mode: tuple(sorted(steps)) for mode, steps in fleets[pair].items()},
            )
            for pair, month in begun.items()
        }

    def _check_once(self, kind: str, members: tuple[str, ...]) -> None:
        """Note entries of a list that say another thing of the same place and month."""
        seen: dict[tuple[str, ...], int] = {}
        for k, entry in enumerate(getattr(self.state, kind)):
            key = tuple(getattr(entry, name) for name in members)
            if seen.setdefault(key, k) != k:
                what = f"says again what stands in {entry.month}"
                self.names.add(f"{_HERE}/{kind}/{k}", what, f"each {' and '.join(members)} once", _DROP)

    def _areas(self, begun: Mapping[Pair, int]) -> dict[Pair, list[tuple[int, float]]]:
        areas: dict[Pair, list[tuple[int, float]]] = defaultdict(list)
        for k, entry in enumerate(self.state.areas):
            where = f"{_HERE}/areas/{k}"
            if not (pair := self._pair(entry, where)):
                continue
            at = self._when(entry.month, where)
            if pair not in begun or at < begun[pair]:
                what = f"{pair[0]} in {pair[1]} opens in {entry.month} before its programme begins"
                self.names.add(where, what, "a programme that has begun", "add an entry to programmes")
            areas[pair].append((at, entry.km2))
        for pair, steps in areas.items():
            steps.sort()
            sizes = [km2 for _, km2 in steps]
            if sizes != sorted(sizes):
                what = f"the area of {pair[0]} in {pair[1]} becomes smaller"
                self.names.add(f"{_HERE}/areas", what, "areas that stay or grow", "give the area that is open")
        return areas

    def _bought(self) -> dict[str, Steps]:
        found: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for k, entry in enumerate(self.state.bought):
            where = f"{_HERE}/bought/{k}"
            stack = self.names.stack(entry.stack, f"{where}/stack")
            at = self._when(entry.month, where)
            if stack and "capital" not in self.names.catalogue.stacks[stack].platform_pays:
                what = f"{stack} is bought by its partner"
                self.names.add(f"{where}/stack", what, "a stack that the platform buys", _DROP)
            elif stack:
                found[stack][at] += entry.vehicles
        return {stack: tuple(sorted(months.items())) for stack, months in found.items()}

    def _permits(self) -> tuple[HeldPermit, ...]:
        catalogue = self.names.catalogue
        known = {p for law in catalogue.jurisdictions.values() for p in law.permits}
        found = []
        for k, entry in enumerate(self.state.permits):
            where = f"{_HERE}/permits/{k}"
            city = self.names.city(entry.city, f"{where}/city") if entry.city else ""
            stack = self.names.stack(entry.stack, f"{where}/stack", city or None) if entry.stack else ""
            if entry.permit not in known:
                what = f"no permit is called {entry.permit!r}"
                self.names.add(f"{where}/permit", what, ", ".join(sorted(known)), "choose a permit of the catalogue")
            found.append(HeldPermit(entry.permit, self._before(entry.month, where), stack, city))
        return tuple(found)

    def _depots(self) -> dict[tuple[str, str], StartedDepot]:
        ordered: dict[tuple[str, str], int] = {}
        self._check_once("depots", ("city", "site"))
        self._check_once("stalls", ("city", "site", "payer", "month"))
        for k, entry in enumerate(self.state.depots):
            where = f"{_HERE}/depots/{k}"
            if site := self._site(entry.city, entry.site, where):
                ordered[site] = self._when(entry.month, where)
        stalls: dict[tuple[str, str], dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for k, each in enumerate(self.state.stalls):
            where = f"{_HERE}/stalls/{k}"
            if not (site := self._site(each.city, each.site, where)):
                continue
            at, data = self._when(each.month, where), self._depot(site)
            if site not in ordered or at < ordered[site] + data.lead_months:
                what = f"stalls stand in {each.month} at {site[1]!r}, which is not live: it takes {data.lead_months} months"
                self.names.add(where, what, "a site ordered in time", "add an entry to depots, so many months earlier")
            stalls[site][each.payer].append((at, each.stalls))
        for site, payers in stalls.items():
            self._check_stalls(site, {payer: sorted(steps) for payer, steps in payers.items()})
        return {
            site: StartedDepot(month, {payer: tuple(sorted(s)) for payer, s in stalls[site].items()})
            for site, month in ordered.items()
        }

    def _check_stalls(self, site: tuple[str, str], payers: Mapping[str, Sequence[tuple[int, int]]]) -> None:
        room, last = self._depot(site).stalls, sum(steps[-1][1] for steps in payers.values())
        if last > room:
            self.names.add(f"{_HERE}/stalls", f"{site[1]!r} has {last} stalls", f"at most {room}", "correct the number")
        if any([n for _, n in steps] != sorted(n for _, n in steps) for steps in payers.values()):
            what = f"stalls at {site[1]!r} are taken back"
            self.names.add(f"{_HERE}/stalls", what, "stalls that stay or grow", "give the stalls that stand")

    def _site(self, city: str, site: str, where: str) -> tuple[str, str] | None:
        slug = self.names.city(city, f"{where}/city")
        known = [d.name for d in self.names.catalogue.cities[slug].depots] if slug else []
        if slug and site not in known:
            what = f"{city} has no site {site!r}"
            self.names.add(f"{where}/site", what, ", ".join(known) or "none", "choose a site of the city's depots.csv")
        return (slug, site) if site in known else None

    def _depot(self, site: tuple[str, str]) -> DepotSite:
        return next(d for d in self.names.catalogue.cities[site[0]].depots if d.name == site[1])

    def _check_permits(self, pair: Pair, service: StartedService, found: Started) -> None:
        """Note vehicles that run in a mode for which no permit is in hand."""
        catalogue = self.names.catalogue
        met, listed = catalogue.permits_of(*pair), found.in_hand(*pair)
        held = {h.permit for h in catalogue.stacks[pair[0]].holds if h.state == "held"}
        for mode in service.fleets:
            opening = [p.id for p in met.values() if p.opens == mode]
            if service.vehicles(mode, found.month) and not any(p in held or p in listed for p in opening):
                what = f"{pair[0]} serves in {pair[1]} in mode {mode}, and no permit for it is in hand"
                remedy = f"add one of {', '.join(opening)} to permits" if opening else "choose another mode"
                self.names.add(f"{_HERE}/permits", what, "a permit for every mode in service", remedy)

    def _check_owned(self, found: Started) -> None:
        """Note more vehicles in service than were bought, of stacks that the platform buys."""
        for stack in sorted({name for name, _ in found.services}):
            if "capital" not in self.names.catalogue.stacks[stack].platform_pays:
                continue
            bought = sum(number for _, number in found.bought.get(stack, ()))
            if found.there(stack) > bought:
                what = f"{found.there(stack)} vehicles of {stack} serve, and {bought} were bought"
                self.names.add(f"{_HERE}/bought", what, "no fewer than serve", "add the purchases with their months")
