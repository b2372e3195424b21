"""What clashes, in words: each conflict as a sentence, what each party asks, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fleetplan.facts import Conflict, Kept, Party, PermitLimit
from fleetplan.permits.limits import ruled_out
from fleetplan.words.changes import sentence
from fleetplan.words.context import Context
from fleetplan.words.values import listed, month_name, several

MONEY = {"capital": "the capital budget", "cash_floor": "the cash floor"}
LAW_ALONE = "The rules of law and supply alone leave no plan; loosen supply or fleet floors."


@dataclass(frozen=True, slots=True)
class PartyTold:
    """What takes part in a clash: a constraint by its id (none for money and what is kept), what it asks, what is against it."""

    id: str
    asks: str
    fact: str


@dataclass(frozen=True, slots=True)
class Clash:
    """What cannot be kept, alone or together, and the rules against it; ``said`` is the finding in a sentence."""

    head: str
    parties: list[PartyTold]
    against: list[str]
    way: str
    reservations: list[str]
    said: str
    earlier: bool


def clash(conflict: Conflict, context: Context) -> Clash:
    """Return a conflict part by part, for whoever shows it as a list."""
    parties = [PartyTold(p.constraint, asks(p, context), against(p, context)) for p in conflict.parties]
    earlier = conflict.found_by == "earlier_version"
    found = standing(conflict), way_on(conflict), reservations(conflict)
    return Clash(head(conflict), parties, *found, conflict.sentence, earlier)


def said(conflicts: Iterable[Conflict], context: Context) -> list[Conflict]:
    """Return conflicts with their sentences; of an earlier version the sentence stays as it is."""
    return [
        c if c.found_by == "earlier_version" else c.model_copy(update={"sentence": conflict_sentence(c, context)})
        for c in conflicts
    ]


def conflict_sentence(conflict: Conflict, context: Context) -> str:
    """Return what cannot be had, alone or together."""
    parties = conflict.parties
    if not parties:
        return LAW_ALONE
    if len(parties) == 1 and _alone(parties[0], context):
        return _alone(parties[0], context)
    together = "" if len(parties) == 1 else " together"
    if parties[0].kept:
        who = "; ".join(_kept(p, context) for p in parties)
        until = month_name(parties[0].kept.until)
        cannot = f"Decisions of the parent plan before {until} cannot stay{together} under the changed request: {who}."
        return " ".join([cannot, *standing(conflict)])
    who = "; ".join(_whole(p, context) for p in parties)
    return " ".join([f"Cannot be kept{together}: {who}.", *standing(conflict), *reservations(conflict)])


def standing(conflict: Conflict) -> list[str]:
    """Return the standing rules against a conflict as a sentence; nothing where none stands against it."""
    if not conflict.against:
        return []
    rules = [f"{a.says[:1].lower()}{a.says[1:]}" for a in conflict.against]
    return [f"Against {'it' if len(conflict.parties) == 1 else 'them'} stands: {'; '.join(rules)}."]


def reservations(conflict: Conflict) -> list[str]:
    """Return what is particular about how a conflict was found, each in a sentence; nothing for most."""
    found = []
    if conflict.proof == "whole":
        found.append("In fractions of launches and vehicles it could be had; in whole ones it cannot.")
    if conflict.period:
        first, last = (month_name(month) for month in conflict.period)
        found.append(
            f"Both fall into {first} to {last}, within which vehicles stand still: plan more months one by one."
        )
    if not conflict.narrowed:
        found.append("The time ran out before it was shown that each of these is needed.")
    return found


def head(conflict: Conflict) -> str:
    """Return what a conflict is called, above what takes part in it."""
    kept = next((p.kept for p in conflict.parties if p.kept), None)
    if kept:
        return f"Decisions before {month_name(kept.until)} cannot stay under the changed request"
    return "These cannot be kept together" if len(conflict.parties) > 1 else "This cannot be kept"


def asks(party: Party, context: Context) -> str:
    """Return what a party asks, as a sentence."""
    if party.kept:
        return sentence(_kept(party, context))
    return sentence(context.asks(party.constraint) if party.kind == "constraint" else MONEY[party.kind])


def against(party: Party, context: Context) -> str:
    """Return what permits say against a party, as a sentence; empty where they say nothing."""
    cause = _cause(party, context)
    return sentence(cause) if cause else ""


def way_on(conflict: Conflict) -> str:
    """Return what would take a conflict away, as far as it is known."""
    parties = conflict.parties
    if any(p.kept for p in parties):
        return "Keep fewer decisions, that is those before an earlier month, or take back what was changed."
    if len(parties) > 1:
        return "Loosen or drop one of them; the others may then stay."
    limit = parties[0].permits if parties else None
    if limit and limit.earliest > limit.by:
        return f"Ask for {month_name(limit.earliest)} or later, or drop it."
    return "Ask for less or for later, or drop it."


def briefly(conflicts: list[Conflict]) -> str:
    """Return what clashes in a line: the first conflict, and how many more there are."""
    more = len(conflicts) - 1
    rest = f" {several(more, 'more thing')} {'stands' if more == 1 else 'stand'} in the way." if more > 0 else ""
    return f"{conflicts[0].sentence}{rest}" if conflicts else ""


def _whole(party: Party, context: Context) -> str:
    if party.kind != "constraint":
        return MONEY[party.kind]
    fact = _cause(party, context)
    return f"{context.asks(party.constraint)} ({party.constraint}){f', where {fact}' if fact else ''}"


def _cause(party: Party, context: Context) -> str:
    """Return what permits have against a party; empty where it could be had in time as far as they go."""
    count = int(context.constraints.get(party.constraint, {}).get("count") or 0)
    return _fact(party, party.permits, context) if party.permits is not None and ruled_out(party, count) else ""


def _alone(party: Party, context: Context) -> str:
    """Return what permits alone rule out; empty where something else stands in the way."""
    limit, asked = party.permits, context.constraints.get(party.constraint, {})
    count = int(asked.get("count") or 0)
    if limit is None or not ruled_out(party, count):
        return ""
    if party.type == "markets_live":
        markets = several(count, "market")
        return (
            f"{markets} cannot be live by {month_name(limit.by)} ({party.constraint}): {_fact(party, limit, context)}."
        )
    who = context.names.place(party.stack, party.city)
    return f"{who} cannot be open by {month_name(limit.by)} ({party.constraint}): {_fact(party, limit, context)}."


def _fact(party: Party, limit: PermitLimit, context: Context) -> str:
    return _markets_in_time(limit, context) if party.type == "markets_live" else _openings(limit)


def _openings(limit: PermitLimit) -> str:
    if not limit.admitted:
        return "no stack is admitted there"
    if limit.uncovered:
        return "permits allow paid service within the horizon, but none of them covers an area there"
    if not limit.earliest:
        return "no permit allows paid service within the horizon"
    return f"permits allow paid service from {month_name(limit.earliest)} at the earliest"


def _markets_in_time(limit: PermitLimit, context: Context) -> str:
    cities = [context.names.city(slug) for slug in limit.in_time]
    named = f" ({listed(cities)})" if cities else ""
    elsewhere = limit.live_elsewhere
    also = f"; {several(elsewhere, 'market')} {'is' if elsewhere == 1 else 'are'} live elsewhere" if elsewhere else ""
    if limit.asked and set(limit.asked) == set(limit.in_time):
        return f"the request plans {several(len(cities), 'city', 'cities')}{named}{also}"
    return f"permits allow {len(cities) or 'none'} of the request's cities by then{named}{also}"


def _kept(party: Party, context: Context) -> str:
    kept = party.kept
    assert kept is not None  # noqa: S101  # only parties that keep something are said here
    if kept.what == "depots":
        return f"the depots ordered in {context.names.city(party.city)}"
    if kept.what == "vehicles":
        return f"the vehicles of {context.names.partner(party.stack)} as placed and bought"
    return f"{context.names.place(party.stack, party.city)} with {listed(_did(kept))}"


def _did(kept: Kept) -> list[str]:
    parts = [f"its programme begun in {month_name(kept.begun)}"]
    if kept.opens:
        late = not kept.earliest or kept.earliest > kept.opens
        now = month_name(kept.earliest) if kept.earliest else "no opening within the horizon"
        parts.append(f"its opening in {month_name(kept.opens)}{f' (permits now allow {now})' if late else ''}")
        parts.append(f"{several(kept.vehicles, 'vehicle')} before {month_name(kept.until)}")
    return parts
