"""What was seen of one run of the optimizer's benchmark, and the lines and the table that tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.search_cases import FASTER, MARKS, MOVED_SHARE, cases

MILLION = 1e6
CALLER = "caller"
NOTHING = "-"
GONE_S = 1.0  # promised from a stop until the solvers are gone
ROUNDING = 1e-6  # of a mark: the search itself stops a dollar short of it
HEADS = (
    "case",
    "way",
    "first",
    *(f"{mark:.1%}" for mark in MARKS),
    "gap",
    "worth M",
    "told",
    "MB",
    "CPU s",
    "load",
    "others",
)
WIDTHS = (18, 7, 7, *(7 for _ in MARKS), 8, 9, 7, 6, 24, 10, 6)


@dataclass
class Outcome:
    """One run; seconds are counted from the prepared request on.

    Attributes
    ----------
    search_begun_s
        When everything before the search was done: the formulation, and a rerun's way from its parent's plan.
    first_s, proven_s
        When the first plan was told, when each gap (as text) was first proven.
    reached_cpu_s
        Processor seconds of each process, from the prepared request on, when the first plan came and each gap was proven: on a
        busy machine they say more than the clock.
    told_s
        When the checked plan came.
    stopped, gone_s
        The monotonic second of a stop, and the seconds from there until no solver process was left.
    other_cores
        Mean number of cores that work outside this run had.
    """

    case: str
    way: str
    limit_s: float
    stop_gap: float
    load_before: float
    load_after: float = 0.0
    other_cores: float = 0.0
    start_up: dict[str, float] = field(default_factory=dict)
    search_begun_s: float | None = None
    first_s: float | None = None
    first_usd: float | None = None
    first_bound_s: float | None = None
    proven_s: dict[str, float] = field(default_factory=dict)
    ready_cpu_s: float = 0.0
    reached_cpu_s: dict[str, dict[str, float]] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    told_s: float | None = None
    parts: dict[str, dict[str, float]] = field(default_factory=dict)
    stopped: float | None = None
    stop_to_answer_s: float | None = None
    gone_s: float | None = None
    peak_mb: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)
    failed: str = ""
    last: dict[str, Any] = field(default_factory=dict)
    shown_phase: str = ""
    shown_s: float = 0.0

    def hear(self, event: Mapping[str, Any], cpu_s: Mapping[str, float]) -> None:
        """Take what the measured process tells; ``cpu_s`` is what each process had used by then."""
        getattr(self, f"_{event['what']}")(event)
        reached = [*(["first"] if self.first_s is not None else []), *self.proven_s]
        used = {name: round(s - (self.ready_cpu_s if name == CALLER else 0.0), 2) for name, s in cpu_s.items()}
        self.reached_cpu_s |= {mark: used for mark in reached if mark not in self.reached_cpu_s}
        if event["what"] == "ready":
            self.ready_cpu_s = cpu_s.get(CALLER, 0.0)

    def _ready(self, event: Mapping[str, Any]) -> None:
        self.start_up = {key: round(event[key], 3) for key in ("imports_s", "catalogue_s", "prepare_s")}

    def _part(self, event: Mapping[str, Any]) -> None:
        self.parts[event["name"]] = {"seconds": round(event["seconds"], 3), "cpu_s": round(event["cpu_s"], 3)}

    def _progress(self, event: Mapping[str, Any]) -> None:
        at, best, gap = event["at"], event["best"], event["gap"]
        self.last = {"at": at, "best": best, "bound": event["bound"], "gap": gap}
        if event["phase"] == "searching" and self.search_begun_s is None:
            self.search_begun_s = at
        if best is not None and self.first_s is None:
            self.first_s, self.first_usd = at, best
        if event["bound"] is not None and self.first_bound_s is None:
            self.first_bound_s = at
        for mark in MARKS:
            if gap is not None and best is not None and abs(best) >= 1.0 and gap <= mark * (1 + ROUNDING):
                self.proven_s.setdefault(f"{mark:g}", at)

    def _stopped(self, event: Mapping[str, Any]) -> None:
        self.stopped = event["monotonic"]

    def _answer(self, event: Mapping[str, Any]) -> None:
        self.answer = {key: value for key, value in event.items() if key not in ("what", "at", "monotonic")}
        self.told_s = event["at"]
        if self.stopped is not None:
            self.stop_to_answer_s = event["monotonic"] - self.stopped

    def _failed(self, event: Mapping[str, Any]) -> None:
        self.failed = event["message"]


def money(event: Mapping[str, Any]) -> str:
    """Return best value, bound and gap in words."""
    best, bound, gap = event.get("best"), event.get("bound"), event.get("gap")
    if best is None and bound is None:
        return ""
    worth = "no plan yet" if best is None else f"{best / MILLION:,.1f} M USD"
    most = "" if bound is None else f", at most {bound / MILLION:,.1f}"
    return worth + most + ("" if gap is None else f", gap {gap:.2%}")


def line(outcome: Outcome) -> str:
    """Return what one run came to, in a line or a few."""
    if outcome.failed:
        return f"  {outcome.case} ({outcome.way}) FAILED: {outcome.failed}"
    told = [f"  {outcome.case} ({outcome.way}): {outcome.answer.get('status', 'no answer')} {money(outcome.answer)}"]
    size = {key: outcome.answer[key] for key in ("columns", "rows", "entries", "deployments") if key in outcome.answer}
    told.append("    " + ", ".join(f"{count:,} {name}" for name, count in size.items()))
    told.append(f"    start-up {outcome.start_up}, search begun after {_seconds(outcome.search_begun_s)} s")
    for mark, used in outcome.reached_cpu_s.items():
        what = "first plan" if mark == "first" else f"{float(mark):.1%} proven"
        at = outcome.first_s if mark == "first" else outcome.proven_s[mark]
        told.append(f"    {what:<12} after {_seconds(at):>6} s; CPU s: {_used(used)}")
    if "launches_moved" in outcome.answer:
        moved, shifted = outcome.answer["launches_moved"], outcome.answer["vehicles_shifted"]
        proof = "; proven: the parent's worth is out of reach" if outcome.answer["binds"] else ""
        told.append(f"    against the parent: {moved} launches moved, {shifted} vehicles shifted at year ends{proof}")
    if outcome.stop_to_answer_s is not None:
        gone, answered = _seconds(outcome.gone_s), _seconds(outcome.stop_to_answer_s)
        told.append(f"    after the stop: solvers gone in {gone} s, checked plan in {answered} s")
    return "\n".join(told)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the table of all runs, and under it what was promised beside what was found."""
    rows = [_row(outcome) for outcome in outcomes if outcome.way != "parts"]
    if not rows:
        return ""
    return "\n".join(["", _joined(HEADS), *map(_joined, rows), "", *_promises(outcomes)])


def _row(o: Outcome) -> list[str]:
    answer = o.answer or o.last
    worth = NOTHING if answer.get("best") is None else f"{answer['best'] / MILLION:,.1f}"
    gap = NOTHING if answer.get("gap") is None else f"{answer['gap']:.2%}"
    proven = [_seconds(o.proven_s.get(f"{mark:g}")) for mark in MARKS]
    load = f"{o.load_before:.1f}-{o.load_after:.1f}"
    told = "FAILED" if o.failed else _seconds(o.told_s)
    return [
        *(o.case, o.way, _seconds(o.first_s), *proven, gap, worth, told),
        *(f"{o.peak_mb:,.0f}", _used(o.cpu_s), load, f"{o.other_cores:.1f}"),
    ]


def _promises(outcomes: Sequence[Outcome]) -> list[str]:
    known = cases()
    found = []
    for o in outcomes:
        if o.way not in ("plan", "rerun"):
            continue
        promise = known[o.case].promise
        found.append(_kept(o.case, "first plan", o.first_s, promise.first_s))
        found += [
            _kept(o.case, f"{gap:g} proven", o.proven_s.get(f"{gap:g}"), most) for gap, most in promise.proven.items()
        ]
        if o.stopped is not None:
            found.append(_kept(o.case, "solvers gone", o.gone_s, GONE_S))
        anew = next((other for other in outcomes if (other.case, other.way) == (o.case, "anew")), None)
        if anew is not None:
            found.append(_faster(o, anew))
            found += _unmoved(anew)
    return found


def _kept(case: str, what: str, found: float | None, most: float) -> str:
    kept = found is not None and found <= most
    return (
        f"{case:<18} {what:<14} promised {most:>6g} s   found {_seconds(found):>7} s   {'kept' if kept else 'NOT KEPT'}"
    )


def _faster(warm: Outcome, cold: Outcome) -> str:
    gap = f"{warm.stop_gap:g}"
    one, other = warm.proven_s.get(gap), cold.proven_s.get(gap)
    if one is None:
        ratio, kept = NOTHING, False
    else:
        least = (other if other is not None else cold.limit_s) / max(one, 1e-3)
        ratio, kept = f"{'' if other is not None else '> '}{least:.1f}", least >= FASTER
    head = f"{warm.case:<18} {'times faster':<14} promised {FASTER:>6g}     found {ratio:>7}"
    return f"{head}     {'kept' if kept else 'NOT KEPT'}"


def _unmoved(anew: Outcome) -> list[str]:
    """Return a warning where a change hardly moved the plan, so that its rerun measures nothing."""
    answer = anew.answer
    few = bool(answer) and answer["vehicles_shifted"] < MOVED_SHARE * answer["vehicles"]
    return [f"{anew.case:<18} HARDLY MOVES the plan: change it"] if few and not answer["launches_moved"] else []


def _used(cpu_s: Mapping[str, float]) -> str:
    return " ".join(
        f"{name} {seconds:.1f}" if seconds < 10 else f"{name} {seconds:.0f}" for name, seconds in cpu_s.items()
    )


def _seconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _joined(cells: Sequence[str]) -> str:
    return " ".join(
        cell.ljust(width) if place < 2 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )
