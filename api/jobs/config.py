"""What the job side needs to know."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from api.store.database import default_url

OURS = (sys.executable, "-m", "api.jobs.solver_child")
"""The command that solves one plan."""


@dataclass(frozen=True, slots=True)
class JobConfig:
    """Where things lie and how patient workers are.

    Attributes
    ----------
    database_url
        ``postgresql://...`` or ``sqlite:///FILE``; None for SQLite in the data folder.
    concurrency
        Plans that one worker solves at once.
    heartbeat_s, silence_s
        How often a worker says that it lives, and after how much silence others take its plans.
    max_attempts
        How many workers a plan may outlive; then it has failed.
    solver_bytes
        Memory that one solve may take; None for its part of three quarters of the machine's, 0 for any amount.
    empty_days
        Days after which plans that failed or were stopped before a first plan are forgotten; 0 for never.
    undo_days
        Days for which plans stay in the bin.
    helpers
        Units of other workers' plans that a worker without a plan of its own solves at once; None for one on each core.
    solver
        The command that solves one plan (see :mod:`api.jobs.solver_child`); tests put a quicker one here.
    replays_each
        How many months of a plan that was just stored are replayed in the background; 0: none.
    simulator
        The command that replays one month (see :mod:`api.jobs.simulation_child`); tests put a quicker one here.
    evaluator
        The command that scores one plan made elsewhere (see :mod:`api.jobs.evaluation_child`); tests put a quicker one here.
    """

    database_url: str | None
    data_dir: Path
    concurrency: int = 1
    heartbeat_s: float = 5.0
    silence_s: float = 30.0
    queue_limit: int = 200
    max_attempts: int = 10
    solver_bytes: int | None = None
    empty_days: float = 30.0
    undo_days: float = 7.0
    helpers: int | None = None
    solver: tuple[str, ...] = OURS
    replays_each: int = 0
    simulator: tuple[str, ...] = (sys.executable, "-m", "api.jobs.simulation_child")
    evaluator: tuple[str, ...] = (sys.executable, "-m", "api.jobs.evaluation_child")

    @property
    def store_url(self) -> str:
        """The database of plans."""
        return self.database_url or default_url(self.data_dir)

    @property
    def queue_file(self) -> Path | None:
        """The file of DBOS beside plans in SQLite; None on PostgreSQL, where it uses the same database."""
        return self.data_dir / "jobs.sqlite" if self.store_url.startswith("sqlite") else None

    @property
    def queue_url(self) -> str:
        """The database of DBOS; on PostgreSQL its tables are in the schema ``dbos``."""
        if self.queue_file is not None:
            return f"sqlite:///{self.queue_file}"
        return "postgresql" + self.store_url[self.store_url.index("://") :]
