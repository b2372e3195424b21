"""The alternatives to a plan, as far as the plans that were found tell them: nothing is searched here.

With ``b`` the best plan and ``a`` an alternative, both found within their gaps, choosing ``a`` gives up between

    least = max(0, b.objective - a.bound)      most = max(0, b.bound - a.objective)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from fleetplan.alternatives.strengths import core_of, strengths
from fleetplan.alternatives.structure import opens, pinned, unlike
from fleetplan.alternatives.types import Alternative, Alternatives, Differ, Ended
from fleetplan.catalogue.aliases import resolve_city
from fleetplan.catalogue.types import Catalogue
from fleetplan.compare.moves import decision_moves
from fleetplan.compare.types import DecisionMove
from fleetplan.errors import Fault, RequestError
from fleetplan.plans.types import Plan
from fleetplan.words.alternatives import in_words
from fleetplan.words.moves import Parties, said
from fleetplan.words.names import Names

COUNT, WITHIN, MOST = 5, "5%", 20
NEAR_NOTHING_USD = 1e6
"""A plan worth less is too near to nothing for a share of it to mean anything."""
_AMOUNT = re.compile(r"\s*\$?(\d+(?:\.\d+)?(?:[eE]\d+)?)\s*(%|k|M|bn|)\s*(?:USD|\$)?\s*")
_SIZES = {"": 1.0, "k": 1e3, "M": 1e6, "bn": 1e9}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: how many alternatives, how near (None: however far), different in what; ``city``: plans for one city."""

    count: int = COUNT
    slack_usd: float | None = None
    differ: Differ = "launches"
    city: str = ""


def asked_of(plan: Plan, catalogue: Catalogue, count: int, within: str | None, differ: Differ, city: str = "") -> Asked:
    """Return what is asked, with a slug for the city's name and money for a share.

    Parameters
    ----------
    within
        ``5%`` of the plan's worth, or money: ``2500000``, ``2.5M``, ``$2.5 M``. ``any``: however far. None or empty: the usual
        share, and of plans for one city however far.

    Raises
    ------
    RequestError
        With every fault.
    """
    faults: list[Fault] = []
    if not 1 <= count <= MOST:
        faults.append(Fault("/count", f"is {count}", f"1 to {MOST}", "ask for fewer at a time"))
    slug = ""
    if city:
        try:
            slug = resolve_city(catalogue, city)
        except RequestError as error:
            faults += [Fault("/city", f.what, f.allowed, f.remedy) for f in error.faults]
        planned = sorted(c.city for c in plan.cities)
        if slug and slug not in planned:
            faults.append(Fault("/city", f"{city!r} is not planned", ", ".join(planned), "name one of these"))
    text = within or ("any" if city else WITHIN)
    slack: float | None = None
    try:
        slack = slack_usd(text, plan.objective, usual=not within)
    except RequestError as error:
        faults += error.faults
    if faults:
        raise RequestError(faults)
    return Asked(count, slack, differ, slug)


def slack_usd(text: str, worth_usd: float, *, usual: bool = False) -> float | None:
    """Return the money that an alternative may give up; None for any amount.

    >>> slack_usd("5%", 200e6), slack_usd("2.5M", 0.0), slack_usd("any", 1.0)
    (10000000.0, 2500000.0, None)

    Raises
    ------
    RequestError
        Where it is no amount, or a share of a worth near nothing; the ``usual`` share of that is a million USD.
    """
    if text.strip() == "any":
        return None
    found, allowed = _AMOUNT.fullmatch(text), "a share such as 5%, an amount such as 2.5M, or any"
    if found is None:
        raise RequestError([Fault("/within", f"is {text!r}", allowed, "write 5%, for example")])
    amount = float(found[1])
    if found[2] != "%":
        return amount * _SIZES[found[2]]
    if abs(worth_usd) < NEAR_NOTHING_USD:
        if usual:
            return NEAR_NOTHING_USD
        what = f"is {text!r} of a plan worth {worth_usd:,.0f} USD, which is next to nothing"
        raise RequestError([Fault("/within", what, "an amount such as 2.5M, or any", "say it in money: 2.5M")])
    return amount / 100.0 * abs(worth_usd)


State = Literal["another", "over"]


@dataclass(eq=False)
class Chain:
    """The plans found so far in their order, each of another structure than the best one and all before it.

    ``none_left``: no plan of yet another structure keeps the rules. ``cut_short``: somebody stopped, or a search failed.
    """

    best: Plan
    asked: Asked
    found: list[Plan] = field(default_factory=list)
    none_left: bool = False
    cut_short: bool = False

    def patch(self, number: int | None = None) -> dict[str, object]:
        """Return the patch of the best plan's request that finds the next plan, or found the one of a number (from 0)."""
        before = self.found if number is None else self.found[:number]
        return unlike(self.best, before, self.asked.differ, self.asked.city)

    def near(self, plan: Plan) -> bool:
        """Return whether a plan gives up no more than may be given up, and no market where markets come first."""
        fewer = self.best.markets is not None and (plan.markets is None or plan.markets.found < self.best.markets.found)
        slack = self.asked.slack_usd
        return not fewer and (slack is None or plan.objective >= self.best.objective - slack)

    @property
    def near_ones(self) -> list[Plan]:
        """The plans that are near enough."""
        return [plan for plan in self.found if self.near(plan)]

    @property
    def ranked(self) -> list[int]:
        """The plans that are told, by number: those near enough, the best first, then the nearest of the others."""
        ranked = sorted(range(len(self.found)), key=lambda k: (-self.found[k].objective, k))
        near = [k for k in ranked if self.near(self.found[k])]
        return [*near, *[k for k in ranked if k not in near][:1]]

    @property
    def over(self) -> bool:
        """Whether no further plan is to be looked for."""
        far = bool(self.found) and not self.near(self.found[-1])
        return self.none_left or self.cut_short or far or len(self.near_ones) >= self.asked.count

    @property
    def most_usd(self) -> float | None:
        """What no plan of a further structure is worth more than: the bound of the last one found; None where none was."""
        return self.found[-1].bound if self.found and not self.none_left else None

    @property
    def ended(self) -> Ended:
        """How it ended, or that it has not."""
        if len(self.near_ones) >= self.asked.count:
            return "enough"
        if self.none_left:
            return "proven"
        if not self.found or self.near(self.found[-1]):
            return "unknown"
        return "proven" if self._no_other_is_near(self.found[-1]) else "searched"

    def _no_other_is_near(self, last: Plan) -> bool:
        """Return whether a plan's bound proves that none of a further structure, itself included, is near enough."""
        if self.best.markets is not None:
            most = last.markets.most if last.markets is not None else None
            if most is not None and most < self.best.markets.found:
                return True
            if last.markets is None or last.markets.found < self.best.markets.found:
                return False
        slack = self.asked.slack_usd
        return slack is not None and last.bound < self.best.objective - slack


def alternatives(chain: Chain, catalogue: Catalogue) -> Alternatives:
    """Return what is known of the alternatives to a plan, in words too."""
    told = [_told(chain, catalogue, k, rank) for rank, k in enumerate(chain.ranked, start=1)]
    near = [one for one in told if one.within]
    found = Alternatives(
        differ=chain.asked.differ,
        city=chain.asked.city,
        asked=chain.asked.count,
        slack_usd=chain.asked.slack_usd,
        best_usd=chain.best.objective,
        best_bound_usd=chain.best.bound,
        ended=chain.ended,
        most_usd=chain.most_usd,
        none_left=chain.none_left,
        others=near,
        nearest=next((one for one in told if not one.within), None),
        core=core_of([chain.best, *(plan for plan in chain.found if chain.near(plan))]),
    )
    return in_words(found, Names(catalogue, (chain.best, *chain.found)))


def _moves(chain: Chain, plan: Plan, catalogue: Catalogue) -> list[DecisionMove]:
    """Return the launches that a plan has otherwise than the best one; of plans for one city also its areas at the end."""
    best, city = chain.best, chain.asked.city
    last = plan.periods[-1][:4]
    found = decision_moves(best, plan)
    moves = [
        m for m in found if m.kind == "launch" or (city and m.kind == "level" and (m.city, m.year) == (city, last))
    ]
    return said(moves, Parties(best, plan, names=Names(catalogue)))


def _told(chain: Chain, catalogue: Catalogue, number: int, rank: int) -> Alternative:
    best, plan = chain.best, chain.found[number]
    kpis = plan.kpis
    return Alternative(
        rank=rank,
        npv_usd=plan.objective,
        bound_usd=plan.bound,
        cost_usd=round(best.objective - plan.objective, 2),
        least_usd=round(max(0.0, best.objective - plan.bound), 2),
        most_usd=round(max(0.0, best.bound - plan.objective), 2),
        within=chain.near(plan),
        markets=kpis.cities_live,
        capital_usd=kpis.capital_usd,
        peak_funding_usd=kpis.peak_funding_usd,
        cash_usd=kpis.cash_usd,
        vehicles=kpis.vehicles_end,
        payback=kpis.payback,
        opens=opens(plan),
        moves=_moves(chain, plan, catalogue),
        strengths=strengths(plan, best),
        patch=chain.patch(number),
        pins=pinned(best, plan, catalogue, chain.asked.city),
    )
