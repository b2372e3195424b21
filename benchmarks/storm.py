"""What the durability benchmarks count in common: what was lost, what came twice, and how long interrupted plans waited."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import sqlalchemy as sa  # noqa: E402 - the path comes first

from api.store import tables  # noqa: E402
from api.store.contract import FINAL  # noqa: E402
from api.store.sqlstore import SqlStore  # noqa: E402
from tests.postgres import fresh_database, postgres  # noqa: E402
from tests.worker_process import alive  # noqa: E402

TINY = {
    "horizon": {"start": "2027-01", "months": 12},
    "cities": ["zurich"],
    "capital": {"per_quarter_usd": 50e6},
}
FAULTS = ("lost", "duplicated", "solver")


@dataclass
class Taken:
    """A plan that was running when its worker was killed."""

    plan: str
    at: datetime


@dataclass
class Life:
    """When a worker was up: from when it takes plans until it was killed."""

    ready: datetime | None = None
    end: datetime | None = None


@contextmanager
def database(kind: str) -> Iterator[str | None]:
    """Give an empty database; None for SQLite in the data folder."""
    if kind == "sqlite":
        yield None
        return
    with postgres() as server, fresh_database(server, "durability") as url:
        yield url


def open_plans(store: SqlStore) -> int:
    """Return how many plans are not final."""
    return sum(n for state, n in store.counts().items() if state not in FINAL)


def account(store: SqlStore, answered: Mapping[int, set[str]], plans: int, starts: Path) -> dict[str, int]:
    """Return what was lost and what came twice.

    Parameters
    ----------
    answered
        By number of a plan, the ids that its client was ever answered.
    plans
        How many were asked for, each under a key of its own.
    starts
        Where pretended solvers note their process ids.
    """
    known = set().union(*answered.values()) if answered else set()
    with store.reading() as connection:
        rows = {r.id: r for r in connection.execute(sa.select(tables.plans))}
        events = connection.execute(sa.select(tables.events)).mappings().all()
    ends = Counter(e["plan"] for e in events if e["kind"] == "state" and e["data"]["state"] in FINAL)
    written = Counter(e["plan"] for e in events)
    answers = {plan: store.answer(plan) for plan in rows}
    children = [int(line) for line in starts.read_text().split()] if starts.exists() else []
    return {
        "plans asked for": plans,
        "plans answered": len(answered),
        "plans stored": len(rows),
        "lost: answered, not stored": len(known - rows.keys()),
        "lost: no result": sum(r.state != "succeeded" or answers[r.id] is None for r in rows.values()),
        "lost: events missing": sum(r.last_seq != written[r.id] for r in rows.values()),
        "duplicated: plans for a key": len(rows) - plans,
        "duplicated: answers to a key": sum(len(ids) > 1 for ids in answered.values()),
        "duplicated: results": sum(count > 1 for count in ends.values()),
        "solver processes left over": sum(alive(child) for child in children),
    }


def is_clean(told: Mapping[str, int]) -> bool:
    """Return whether nothing was lost, nothing came twice and every plan was answered."""
    faultless = all(n == 0 for name, n in told.items() if name.startswith(FAULTS))
    return faultless and told["plans answered"] == told["plans asked for"]


def pauses(store: SqlStore, taken: Sequence[Taken]) -> list[tuple[datetime, datetime]]:
    """Return for each interrupted plan when its worker died and when it ran again or was final; what never did is left out."""
    found = []
    for one in taken:
        later = (
            e.at
            for e in store.events(one.plan, limit=100_000)
            if e.at > one.at and e.kind == "state" and e.data["state"] != "queued"
        )
        if (again := next(later, None)) is not None:
            found.append((one.at, again))
    return found


def served(pause: tuple[datetime, datetime], lives: Sequence[Life]) -> float:
    """Return the seconds of a pause in which at least one worker was up."""
    begin, end = pause
    spans = sorted(
        (max(begin, life.ready), min(end, life.end or end))
        for life in lives
        if life.ready is not None and life.ready < end and (life.end or end) > begin
    )
    total, until = timedelta(), begin
    for start, stop in spans:
        total += max(timedelta(), stop - max(start, until))
        until = max(until, stop)
    return total.total_seconds()


def restarts(store: SqlStore, plans: int) -> int:
    """Return how often plans were begun, beyond once each."""
    with store.reading() as connection:
        return int(connection.execute(sa.select(sa.func.sum(tables.plans.c.attempts))).scalar() or 0) - plans


def print_pauses(found: Sequence[tuple[datetime, datetime]], lives: Sequence[Life] = ()) -> None:
    """Print how long interrupted plans waited, and for how much of that a worker was up at all."""
    if not found:
        return
    waited = sorted((end - begin).total_seconds() for begin, end in found)
    print(f"  plans interrupted: {len(found)}; until going on: {_spread(waited)}")
    if lives:
        print(f"  of that with a worker up: {_spread(sorted(served(pause, lives) for pause in found))}")


def _spread(seconds: Sequence[float]) -> str:
    return f"median {seconds[len(seconds) // 2]:.1f} s, max {seconds[-1]:.1f} s"


def command_line(doc: str, *, seconds: float) -> argparse.ArgumentParser:
    """Return what every storm is told on its command line; ``seconds`` is when it gives up."""
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--plans", type=int, default=100)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--solver", choices=["pretend", "real"], default="pretend")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=seconds, help="give up after so long")
    return parser
