"""Why a plan does not do something, in sentences: what forbids it, or what it costs and what moves with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from fleetplan.facts import Conflict
from fleetplan.plans.types import Plan
from fleetplan.words.names import Names
from fleetplan.words.values import between_words, month_name, percent, several, usd

CENT_USD = 0.005


class Asked(Protocol):
    """A question: a city, with a stack, by a month, with so many vehicles, over so large an area."""

    @property
    def city(self) -> str:
        """Slug of the city."""

    @property
    def stack(self) -> str | None:
        """Slug of the stack."""

    @property
    def by(self) -> str | None:
        """Month."""

    @property
    def vehicles(self) -> int | None:
        """Vehicles in service."""

    @property
    def level(self) -> int | None:
        """An area of the city's ladder."""


class Refused(Protocol):
    """Why the request does not admit it, and what would let it in."""

    @property
    def reason(self) -> str:
        """Why not."""

    @property
    def remedy(self) -> str:
        """What would let it in; empty: nothing."""


class Answer(Protocol):
    """An answer, as :class:`fleetplan.inquiry.why_not.WhyNotAnswer` says it."""

    @property
    def kind(self) -> str:
        """What was found."""

    @property
    def plan(self) -> Plan:
        """The plan asked."""

    @property
    def asked(self) -> Asked:
        """The question."""

    @property
    def refusal(self) -> Refused | None:
        """Why the request does not admit it by itself."""

    @property
    def conflicts(self) -> Sequence[Conflict]:
        """What stands in the way."""

    @property
    def forced(self) -> Plan | None:
        """The plan that does it."""

    @property
    def cost_usd(self) -> float | None:
        """NPV given up."""

    @property
    def least_usd(self) -> float | None:
        """NPV given up at least."""

    @property
    def most_usd(self) -> float | None:
        """NPV given up at most."""


def asked_text(asked: Asked, names: Names) -> str:
    """Return what is asked for, within a sentence: ``Momenta in Munich by Mar 2028 with 200 vehicles``."""
    by = f" by {month_name(asked.by)}" if asked.by else ""
    fleet = f" with {several(asked.vehicles, 'vehicle')}" if asked.vehicles is not None else ""
    area = f" over area {asked.level} at least" if asked.level is not None else ""
    return f"{names.place(asked.stack, asked.city)}{by}{fleet}{area}"


def why_not_sentences(answer: Answer, names: Names, moves: Sequence[str] = ()) -> list[str]:
    """Return the answer; ``moves`` are what else would be decided otherwise, each in a sentence."""
    return [*_let_in(answer), *_found(answer, names, moves)]


def _let_in(answer: Answer) -> Iterator[str]:
    if answer.refusal is None:
        return
    remedy = f"; {answer.refusal.remedy}" if answer.refusal.remedy else ""
    yield f"The request does not admit it: {answer.refusal.reason}{remedy}."
    if answer.kind != "left_out":
        yield "With it admitted:"


def _found(answer: Answer, names: Names, moves: Sequence[str]) -> Iterator[str]:
    asked = asked_text(answer.asked, names)
    if answer.kind == "planned":
        yield f"The plan does it: {asked}."
    elif answer.kind == "impossible":
        yield f"No plan of this request has {asked}."
        yield from (conflict.sentence for conflict in answer.conflicts)
    elif answer.forced is not None:
        yield _cost(answer, asked)
        if answer.forced.certificate.catalogue_sha256 != answer.plan.certificate.catalogue_sha256:
            yield "The catalogue has changed since this plan was made: part of the difference comes from that."
        yield from moves


def _cost(answer: Answer, asked: str) -> str:
    cost, least, most = answer.cost_usd or 0.0, answer.least_usd or 0.0, answer.most_usd or 0.0
    forced = answer.forced
    assert forced is not None  # noqa: S101  # told only then
    band = between_words(least, most, "the bounds of both plans")
    both = f"{usd(forced.objective)} instead of {usd(answer.plan.objective)}"
    worth = f"the best plan found with it is worth {both}, {percent(forced.gap, 2)} from its bound"
    if cost < -CENT_USD:
        return f"It can be had, and costs nothing that was found: {asked}; {worth}, {usd(-cost)} more than this plan."
    if most < CENT_USD:
        return f"It can be had at no cost: {asked}; {worth}."
    return f"It can be had, and costs {usd(cost)} of net present value ({band}): {asked}; {worth}."
