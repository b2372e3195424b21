"""What somebody who asked for a rerun wants to know, in sentences: what it costs, what moves, where it falls, how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleetplan.compare.types import AloneEffect, Band, Causes, Comparison, DecisionMove
from fleetplan.plans.deployments import deployments_of
from fleetplan.plans.types import Plan
from fleetplan.reruns.patch import input_changes
from fleetplan.words.changes import Told, change_sentence
from fleetplan.words.markets import pair_sentence
from fleetplan.words.moves import Parties, later, months_words, said, ties_said
from fleetplan.words.names import Names
from fleetplan.words.proof import share_open
from fleetplan.words.values import count, listed, month_name, percent, several, usd, usd_fine

FEW = 3
NOTHING_OPENS = "Neither plan opens anything."
SAME_USD = 50_000.0  # less is nothing at the scale at which plans are told
LARGE_SHARE, MOST_SHARE = 0.1, 0.8


def in_words(comparison: Comparison, a: Plan, b: Plan, names: Names) -> Comparison:
    """Return a comparison with its sentences; nothing else in it changes."""
    sentences = [change_sentence(change, names) for change in input_changes(a.request, b.request)]
    inputs = [i.model_copy(update={"sentence": told}) for i, told in zip(comparison.inputs, sentences, strict=True)]
    parties = Parties(a, b, names=names)
    decisions = said(comparison.decisions, parties)
    ties = ties_said(comparison.ties, decisions, parties)
    pair = comparison.markets
    markets = pair.model_copy(update={"sentence": pair_sentence(pair)}) if pair is not None else None
    summary = _summary(a, b, comparison.model_copy(update={"decisions": decisions, "ties": ties, "markets": markets}))
    said_ = {"inputs": inputs, "markets": markets, "decisions": decisions, "ties": ties, "summary": summary}
    return comparison.model_copy(update=said_)


def _summary(a: Plan, b: Plan, comparison: Comparison) -> list[str]:
    decisions, markets = comparison.decisions, comparison.markets
    if not decisions:
        return ["Both plans decide the same."]
    ties = [g.sentence for g in comparison.ties]
    if all(m.tie for m in decisions):
        return ["Both plans decide the same but for what is as good either way.", *ties]
    launches = [m for m in decisions if m.kind == "launch"]
    moved = sum(m.a is not None and m.b is not None for m in launches)
    dropped, new = sum(m.b is None for m in launches), sum(m.a is None for m in launches)
    worth = (
        f"{more_or_less(b.objective - a.objective)}, {usd_fine(b.objective)} instead of {usd_fine(a.objective)}"
        f"{band_words(comparison.band)}"
    )
    head = (
        f"{several(moved, 'launch moves', 'launches move')}, {several(new, 'is', 'are')} new, "
        f"{several(dropped, 'is', 'are')} dropped; the net present value is {worth}."
    )
    ends = (m for m in decisions if m.kind == "ended")
    return [head, *([markets.sentence] if markets else []), *(m.sentence for m in (*launches, *ends))]


def band_words(band: Band | None) -> str:
    """Return what the best plans of both requests can be apart, to stand after a difference; empty where both ends read alike.

    >>> band_words(Band(least_usd=-1e6, most_usd=2e6, apart=False))
    ' (the best plans of both: from $1.00 M less to $2.00 M more)'
    """
    if band is None or band.least_usd is None or band.most_usd is None:
        return ""
    least, most = more_or_less(band.least_usd), more_or_less(band.most_usd)
    return "" if least == most else f" (the best plans of both: from {least} to {most})"


def band_briefly(band: Band) -> str:
    """Return the same in few words, to stand after an amount.

    >>> band_briefly(Band(least_usd=-1e6, most_usd=2e6, apart=False))
    ' (−$1.00 M to +$2.00 M)'
    """
    if band.least_usd is None or band.most_usd is None:
        return ""
    least, most = signed(band.least_usd), signed(band.most_usd)
    return "" if least == most else f" ({least} to {most})"


def more_or_less(value: float) -> str:
    """Return an amount with ``more`` or ``less``.

    >>> more_or_less(-36_297_246.0), more_or_less(2_000_000.0)
    ('$36.3 M less', '$2.00 M more')
    """
    return f"{usd(abs(value))} {'more' if value >= 0 else 'less'}"


def signed(value: float) -> str:
    """Return an amount with its sign.

    >>> signed(36_300_000.0), signed(-1.0), signed(0.0)
    ('+$36.3 M', '−$1', '$0')
    """
    return f"+{usd(value)}" if value > 0 else usd(value)


def verdict(
    a: Plan,
    b: Plan,
    comparison: Comparison,
    changes: Sequence[Told],
    alone: Sequence[AloneEffect] = (),
    names: Names | None = None,
) -> list[str]:
    """Return the answer in sentences: worth (and what it comes from, once that is known), markets, launches, where it falls."""
    if not comparison.decisions and abs(b.objective - a.objective) < SAME_USD:
        return [_same(changes)]
    return [
        f"{_worth(a, b, changes, comparison.band)}{_from(b.objective - a.objective, changes, alone)}",
        *([comparison.markets.sentence] if comparison.markets else []),
        f"{launches_sentence(a, b, comparison.decisions, names)}{_ends(comparison.decisions)}",
        _where(a, b, comparison),
    ]


def _same(changes: Sequence[Told]) -> str:
    if not changes:
        return "Both plans were asked the same and decide the same."
    verb = "changes" if len(changes) == 1 else "change"
    return f"{_capital(asked_briefly(changes))} {verb} nothing: both plans decide the same and are worth the same."


def asked_briefly(changes: Sequence[Told]) -> str:
    """Return what was changed, within a sentence."""
    if len(changes) > FEW:
        return f"these {len(changes)} changes together"
    return listed([change.brief for change in changes])


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _worth(a: Plan, b: Plan, changes: Sequence[Told], band: Band | None) -> str:
    difference = b.objective - a.objective
    head = f"{_capital(asked_briefly(changes))}: " if changes else "No input differs, and yet "
    whose = "the plan" if changes else "the second plan"
    if abs(difference) < SAME_USD:
        return f"{head}{whose} is worth the same, {usd_fine(b.objective)}."
    known = share_open(abs(difference), a.objective)
    share = percent(difference / abs(a.objective)) if known is not None else ""
    plus = "+" if difference > 0 else ""
    return (
        f"{head}{whose} is worth {more_or_less(difference)}, {usd_fine(b.objective)} instead of "
        f"{usd_fine(a.objective)}{f' ({plus}{share})' if share else ''}{band_words(band)}."
    )


def _from(difference: float, changes: Sequence[Told], alone: Sequence[AloneEffect]) -> str:
    """Return which change most of a difference comes from."""
    known = [e for e in alone if e.npv_difference_usd is not None]
    if len(alone) < 2 or len(known) < len(alone) or abs(difference) < SAME_USD:
        return ""
    brief = {change.pointer: change.brief for change in changes}
    ranked = sorted(known, key=lambda e: -abs(e.npv_difference_usd or 0.0))
    first = ranked[0].npv_difference_usd or 0.0
    if MOST_SHARE <= first / difference <= 1 / MOST_SHARE:
        return f" Nearly all of it comes from one change: {brief[ranked[0].pointer]} ({signed(first)} alone)."
    told = [f"{signed(e.npv_difference_usd or 0.0)} from {brief[e.pointer]}" for e in ranked[:FEW]]
    return f" Each change alone: {listed(told)}."


def launches_sentence(a: Plan, b: Plan, decisions: Sequence[DecisionMove], names: Names | None = None) -> str:
    """Return which launches move, are new or are dropped, and that the others stay."""
    launches = [m for m in decisions if m.kind == "launch"]
    both = _opened(a) & _opened(b)
    stay = len(both) - sum(m.a is not None and m.b is not None for m in launches)
    if not launches and stay == 1:
        return "No launch moves: the one launch stays in its month."
    if not launches:
        return (
            f"No launch moves: all {several(stay, 'launch', 'launches')} stay in their month."
            if stay
            else NOTHING_OPENS
        )
    who = _who(a, b, Parties(a, b, names=names))
    parts = [
        _moved([m for m in launches if m.a is not None and m.b is not None], who, briefly=len(launches) > FEW),
        _gone([m for m in launches if m.b is None], who, "no longer opens", "no longer open"),
        _gone([m for m in launches if m.a is None], who, "is new", "are new"),
    ]
    others = (
        f"The other {count(stay)} launches stay in their month." if stay > 1 else "The other launch stays in its month."
    )
    rest = f" {others}" if stay else ""
    return f"{_capital('; '.join(part for part in parts if part))}.{rest}"


def _ends(decisions: Sequence[DecisionMove]) -> str:
    """Return which services end otherwise, to stand after the launches; many of them by their number."""
    ends = [m for m in decisions if m.kind == "ended"]
    if len(ends) <= FEW:
        return "".join(f" {m.sentence}" for m in ends)
    begun, gone = sum(m.a is None for m in ends), sum(m.b is None for m in ends)
    others = len(ends) - begun - gone
    parts = [(begun, "ends that did not", "end that did not"), (gone, "no longer ends", "no longer end")]
    parts.append((others, "ends in another month", "end in another month"))
    return f" {_capital(listed([_services(n, one, many) for n, one, many in parts if n]))}."


def _services(number: int, one: str, many: str) -> str:
    return f"{several(number, 'service')} {one if number == 1 else many}"


def _opened(plan: Plan) -> set[str]:
    return {key for key, d in deployments_of(plan).items() if d.launch}


def _who(a: Plan, b: Plan, parties: Parties) -> Mapping[str, str]:
    found = {**deployments_of(a), **deployments_of(b)}
    return {f"launch:{key}": parties.deployment(d) for key, d in found.items()}


def _moved(moves: Sequence[DecisionMove], who: Mapping[str, str], *, briefly: bool) -> str:
    """Return launches that move: each with its months, or, where there are many, together by how far they move."""
    if not briefly:
        told = [
            f"{who[m.id]} opens {months_words(_months(m))}, {month_name(str(m.b))} instead of {month_name(str(m.a))}"
            for m in moves
        ]
        return "; ".join(told)
    groups: dict[int, list[str]] = {}
    for move in moves:
        groups.setdefault(_months(move), []).append(who[move.id])
    told = [
        f"{_some(names)} {'opens' if len(names) == 1 else 'open'} {months_words(months)}"
        for months, names in sorted(groups.items())
    ]
    return "; ".join(told)


def _months(move: DecisionMove) -> int:
    return later(str(move.a), str(move.b))


def _gone(moves: Sequence[DecisionMove], who: Mapping[str, str], one: str, many: str) -> str:
    return f"{_some([who[m.id] for m in moves])} {one if len(moves) == 1 else many}" if moves else ""


def _some(items: Sequence[str]) -> str:
    most = 2 * FEW
    return listed(list(items)) if len(items) <= most else f"{', '.join(items[:most])} and {len(items) - most} more"


def _where(a: Plan, b: Plan, comparison: Comparison) -> str:
    rows = sorted(comparison.money_by_city, key=lambda r: -abs(r.npv_difference_usd))
    whole = sum(abs(r.npv_difference_usd) for r in rows)
    large = [r for r in rows if whole and abs(r.npv_difference_usd) >= LARGE_SHARE * whole][:FEW]
    rest = sum(r.npv_difference_usd for r in rows if r not in large)
    cities = listed([f"{r.name} ({signed(r.npv_difference_usd)})" for r in large])
    others = f"; the other cities come to {signed(rest)}" if len(rows) > len(large) and abs(rest) >= SAME_USD else ""
    money = f"The difference falls on {cities}{others}. " if large and whole >= SAME_USD else ""
    return f"{money}{_fleet(a, b)} {_spent(a, b)}"


def _fleet(a: Plan, b: Plan) -> str:
    difference = b.kpis.vehicles_end - a.kpis.vehicles_end
    if not difference:
        return f"The fleet ends as large, with {count(b.kpis.vehicles_end)} vehicles."
    word = "larger" if difference > 0 else "smaller"
    return (
        f"The fleet ends {several(abs(difference), 'vehicle')} {word}, at {count(b.kpis.vehicles_end)} "
        f"instead of {count(a.kpis.vehicles_end)}."
    )


def _spent(a: Plan, b: Plan) -> str:
    difference = b.kpis.capital_usd - a.kpis.capital_usd
    if abs(difference) < SAME_USD:
        return f"Capital spent is the same, {usd(b.kpis.capital_usd)}."
    return f"It spends {more_or_less(difference)} of capital, {usd(b.kpis.capital_usd)}."


def together(known: Causes | None) -> str:
    """Return what the changes do beyond the sum of what each does alone."""
    if known is None or known.interaction_usd is None or len(known.alone) < 2:
        return ""
    total = sum(effect.npv_difference_usd or 0.0 for effect in known.alone)
    joint = sum(move.joint for move in known.moves)
    moved = f" {several(joint, 'decision moves', 'decisions move')} only when they come together." if joint else ""
    return (
        f"Alone they come to {signed(total)}; together {signed(known.interaction_usd)} beyond that sum.{moved}"
        if abs(known.interaction_usd) >= 5_000
        else f"Alone they come to {signed(total)}, and that is all: they do not stand in each other's way.{moved}"
    )
