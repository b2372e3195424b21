"""The business rules, one object each, by family.

``STANDING_RULES`` hold for every request; ``rules_for`` adds one object for each constraint of a request.
"""

from fleetplan.optimize.instance import Instance
from fleetplan.optimize.rules.base import Problem, Rule
from fleetplan.optimize.rules.caps import CAP_RULES
from fleetplan.optimize.rules.constraints import CONSTRAINT_RULES, constraint_rule
from fleetplan.optimize.rules.cuts import CUT_RULES
from fleetplan.optimize.rules.growth import GROWTH_RULES
from fleetplan.optimize.rules.imposed import SuspensionRule
from fleetplan.optimize.rules.launch import LAUNCH_RULES
from fleetplan.optimize.rules.money import BOOKING_RULES, MONEY_RULES
from fleetplan.optimize.rules.orders import ORDER_RULES
from fleetplan.optimize.rules.others import OtherLaunchesRule
from fleetplan.optimize.rules.partners import PARTNER_RULES
from fleetplan.optimize.rules.remote import REMOTE_RULES
from fleetplan.optimize.rules.service import SERVICE_RULES
from fleetplan.optimize.rules.standing import STANDING_STATE_RULES
from fleetplan.optimize.rules.supply import SUPPLY_RULES
from fleetplan.optimize.rules.wear import WEAR_RULES

OPERATING_RULES: tuple[Rule, ...] = (
    *STANDING_STATE_RULES,
    *LAUNCH_RULES,
    *CAP_RULES,
    *SUPPLY_RULES,
    *GROWTH_RULES,
    *SERVICE_RULES,
    *CUT_RULES,
    *BOOKING_RULES,
    *WEAR_RULES,
    *REMOTE_RULES,
    *ORDER_RULES,
    *PARTNER_RULES,
)
STANDING_RULES: tuple[Rule, ...] = (*OPERATING_RULES, *MONEY_RULES)

__all__ = ["CONSTRAINT_RULES", "STANDING_RULES", "OtherLaunchesRule", "Problem", "Rule", "SuspensionRule", "rules_for"]


def rules_for(instance: Instance) -> tuple[Rule, ...]:
    """Return every rule of an instance in the order in which they are written: what books money before what sums it."""
    asked = (constraint_rule(c) for c in instance.scope.constraints)
    return (*OPERATING_RULES, *asked, *MONEY_RULES)
