"""The best plan that a search had found when its worker was stopped: kept until the plan is final, for whoever takes it up again.

It lies among what was found out of plans (:mod:`api.store.findings`), one for each plan, and goes with the outcome.
"""

from __future__ import annotations

from api.store.errors import AnswerDamaged
from api.store.findings import Findings, drop_finding

ASKED = {"kind": "so_far"}


class SoFar(Findings):
    """The part of the store that holds what searches had found when they were interrupted."""

    def keep_so_far(self, plan: str, content: bytes) -> None:
        """Keep the plan.json of an unfinished plan in place of an earlier one."""
        with self.writing() as connection:
            drop_finding(connection, plan, ASKED)
        self.keep_finding(plan, ASKED, content)

    def so_far(self, plan: str) -> bytes | None:
        """Return the plan.json that an interrupted search left; None where there is none that is whole."""
        try:
            return self.finding(plan, ASKED)
        except AnswerDamaged:
            return None
