"""The business rules, one object each, by family. ``ALL_RULES`` is what every problem is made of."""

from fleetplan.optimize.rules.base import Problem, Rule
from fleetplan.optimize.rules.launch import LAUNCH_RULES
from fleetplan.optimize.rules.money import MONEY_RULES
from fleetplan.optimize.rules.service import SERVICE_RULES
from fleetplan.optimize.rules.supply import SUPPLY_RULES
from fleetplan.optimize.rules.targets import TARGET_RULES

ALL_RULES: tuple[Rule, ...] = (*LAUNCH_RULES, *SUPPLY_RULES, *SERVICE_RULES, *TARGET_RULES, *MONEY_RULES)

__all__ = ["ALL_RULES", "Problem", "Rule"]
