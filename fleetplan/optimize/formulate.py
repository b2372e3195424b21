"""From an instance to its matrix: columns, then every rule's rows, then the objective."""

from __future__ import annotations

from dataclasses import dataclass

from fleetplan.optimize.instance import Instance
from fleetplan.optimize.ledger import Ledger
from fleetplan.optimize.matrix import Builder, Model
from fleetplan.optimize.rules import ALL_RULES, Problem
from fleetplan.optimize.variables import Columns, lay_out


@dataclass(frozen=True, eq=False)
class Formulation:
    """An instance, its columns and its matrix (a maximisation of NPV in USD)."""

    instance: Instance
    columns: Columns
    model: Model


def formulate(instance: Instance) -> Formulation:
    """Write the whole problem down."""
    builder = Builder()
    columns = lay_out(builder, instance)
    problem = Problem(instance, builder, columns, Ledger(instance))
    for rule in ALL_RULES:
        rule.write(problem)
    return Formulation(instance, columns, builder.finish(problem.ledger.costs(builder.size)))
