"""What is found of a plan made elsewhere, in sentences: what it breaks, what it is worth, what the nearest plan changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from fleetplan.words.names import Names
from fleetplan.words.values import listed, month_name, several, usd


class Worth(Protocol):
    """What a plan is worth."""

    @property
    def npv_usd(self) -> float:
        """Net present value."""

    @property
    def vehicles_end(self) -> int:
        """Vehicles at the end."""

    @property
    def cities(self) -> Sequence[str]:
        """Cities that open."""


class Broken(Protocol):
    """A rule that is broken."""

    @property
    def title(self) -> str:
        """What it asks."""

    @property
    def places(self) -> int:
        """How often."""

    @property
    def place(self) -> str:
        """Where first, in words; empty where it is of no place."""

    @property
    def sentence(self) -> str:
        """The worst of it."""


class Near(Protocol):
    """The nearest plan."""

    @property
    def money(self) -> Worth:
        """What it is worth."""

    @property
    def vehicle_years(self) -> float:
        """How far it lies away."""

    @property
    def proven(self) -> bool:
        """Whether none lies nearer."""

    @property
    def changes(self) -> Sequence[str]:
        """What it does otherwise."""


class Found(Protocol):
    """An evaluation, as :class:`fleetplan.evaluate.result.Evaluation` holds it."""

    @property
    def source(self) -> str:
        """A plan or a table."""

    @property
    def valid(self) -> bool:
        """Whether every rule is kept."""

    @property
    def breaches(self) -> Sequence[Broken]:
        """What is broken."""

    @property
    def money(self) -> Worth:
        """What it is worth."""

    @property
    def best(self) -> Worth | None:
        """The best plan."""

    @property
    def nearest(self) -> Near | None:
        """The nearest plan."""

    @property
    def infeasible(self) -> bool:
        """Whether the request has no plan."""

    @property
    def gap_usd(self) -> float | None:
        """What the best plan is worth more."""

    @property
    def gap_most_usd(self) -> float | None:
        """What any plan is worth more at most."""


def evaluation_sentences(found: Found, names: Names) -> list[str]:
    """Return an evaluation: the verdict first, then money, then the nearest plan with what it changes."""
    return [
        *verdict_sentences(found),
        *broken_sentences(found),
        *money_sentences(found, names),
        *nearest_sentences(found),
    ]


def verdict_sentences(found: Found) -> Iterator[str]:
    """Yield what was judged, and whether it keeps every rule."""
    if found.source == "decisions":
        yield "Areas and fleets are as given; depots, purchases, riders and modes are those that go with them best."
    if found.valid:
        yield "The plan keeps every rule of the request and of the model."
        return
    yield f"The plan breaks {several(len(found.breaches), 'rule')}."


def broken_sentences(found: Found) -> Iterator[str]:
    """Yield each rule that is broken, with its worst place."""
    for broken in found.breaches:
        more = f" (and {several(broken.places - 1, 'more place')})" if broken.places > 1 else ""
        at = f" ({broken.place})" if broken.place else ""
        yield f"{broken.title}{at}: {broken.sentence}{more}."


def money_sentences(found: Found, names: Names) -> Iterator[str]:
    """Yield what the plan is worth, and how far that is from the best."""
    own = found.money
    places = listed([names.city(slug) for slug in own.cities]) or "nowhere"
    broken = "" if found.valid else ", were these rules allowed to be broken; what permits rule out serves nobody"
    yield f"It is worth {usd(own.npv_usd)}, with {several(own.vehicles_end, 'vehicle')} at the end in {places}{broken}."
    if found.best is None:
        yield (
            "No plan keeps every rule of this request."
            if found.infeasible
            else "No best plan was found in the time given, so how far it is from the best is not known."
        )
        return
    gap, most = found.gap_usd or 0.0, found.gap_most_usd or 0.0
    if gap > 0:
        yield f"The best plan found is worth {usd(found.best.npv_usd)}: {usd(gap)} more. No plan is worth over {usd(most)} more."
    elif found.valid:
        yield f"No better plan was found; none is worth more than {usd(most)} more."
    else:
        best = usd(found.best.npv_usd)
        yield f"The best plan found that keeps the rules is worth {best}: {usd(-gap)} less, which is what breaking them is worth."


def nearest_sentences(found: Found) -> Iterator[str]:
    """Yield how far the nearest plan lies away, and then what it changes."""
    near = found.nearest
    if near is None:
        if not found.valid and not found.infeasible:
            yield "No plan near it was found in the time given."
        return
    none = "none lies nearer" if near.proven else "one nearer is not ruled out"
    yield (
        f"The nearest plan found that keeps every rule lies {near.vehicle_years:,.1f} vehicle-years away ({none}) and is worth "
        f"{usd(near.money.npv_usd)}. What it changes:"
    )
    yield from near.changes


def opens_otherwise(place: str, given: str, opens: str) -> str:
    """Return that a service opens in another month than somebody planned, or not at all."""
    return f"{place} opens in {month_name(opens)}, not in {month_name(given)}." if opens else f"{place} does not open."
