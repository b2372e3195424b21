"""What a rule is: a key, a sentence, a source, and the rows it contributes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from fleetplan.optimize.instance import Instance, Milestone
from fleetplan.optimize.ledger import Ledger
from fleetplan.optimize.matrix import Builder, RowLabel
from fleetplan.optimize.variables import Columns, DeploymentColumns
from fleetplan.permits.paths import CITY

Terms = list[tuple[int, float]]


@dataclass(eq=False)
class Problem:
    """An instance with its columns, while rules add rows and flows."""

    instance: Instance
    builder: Builder
    columns: Columns
    ledger: Ledger

    def at_most(self, rule: str, where: str, t: int, terms: Sequence[tuple[int, float]], limit: float = 0.0) -> None:
        """Add ``sum(terms) <= limit``."""
        self.builder.row(RowLabel(rule, where, t), terms, high=limit)

    def at_least(self, rule: str, where: str, t: int, terms: Sequence[tuple[int, float]], limit: float = 0.0) -> None:
        """Add ``sum(terms) >= limit``."""
        self.builder.row(RowLabel(rule, where, t), terms, low=limit)

    def equal(self, rule: str, where: str, t: int, terms: Sequence[tuple[int, float]], value: float = 0.0) -> None:
        """Add ``sum(terms) == value``."""
        self.builder.row(RowLabel(rule, where, t), terms, low=value, high=value)

    def begun_terms(self, q: int, milestone: Milestone, t: int) -> list[int]:
        """Return the step columns that must all be 1 for a milestone to be reached in ``t``."""
        data, columns = self.instance.deployments[q], self.columns
        found = []
        for programme, reach in milestone.reach.items():
            if programme == CITY:
                found.append(int(columns.deployments[q].begun[reach[t]]))
            else:
                found.append(int(columns.programmes[data.stack, programme][reach[t]]))
        return found

    def gate(self, rule: str, q: int, t: int, terms: Terms, milestone: Milestone, big: float = 1.0) -> None:
        """Add ``sum(terms) <= big * step`` for every programme of a milestone; the terms are fixed at 0 if it cannot be."""
        data = self.instance.deployments[q]
        if not milestone.possible(t):
            self.at_most(rule, data.key, t, terms, 0.0)
            return
        for step in self.begun_terms(q, milestone, t):
            self.at_most(rule, data.key, t, [*terms, (step, -big)])

    def fleet_terms(self, q: int, t: int) -> Terms:
        """Return vehicles in service of a deployment."""
        return [(int(c), 1.0) for c in self.columns.deployments[q].vehicles[:, t]]

    def testing_terms(self, q: int, t: int) -> Terms:
        """Return vehicles in tests of a deployment: the test fleet from programme start until it opens."""
        size = float(self.instance.deployments[q].test_fleet)
        own: DeploymentColumns = self.columns.deployments[q]
        return [(int(own.begun[t]), size), (int(own.open[0, t]), -size)]


class Rule(ABC):
    """A business rule."""

    key: str
    title: str
    source: str

    @abstractmethod
    def write(self, p: Problem) -> None:
        """Add the rule's rows (and the flows that belong to it)."""
