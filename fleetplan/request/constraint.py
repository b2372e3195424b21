"""What every type of constraint has: an id, what it limits, whether it changes what other rules read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from fleetplan.request.values import Firmness, Model, Name, not_said


@dataclass(frozen=True, slots=True)
class Limit:
    """What a constraint limits.

    Attributes
    ----------
    member
        The member that holds the limit: a number or a month.
    tighter
        Whether less or more of it (an earlier or a later month) leaves fewer plans.
    unit
        What one of the number is; empty for a month.
    priced
        One more of what a price of the constraint's rows is for, where that is not ``unit``.
    """

    member: str
    tighter: Literal["less", "more"]
    unit: str = ""
    priced: str = ""


class Constraint(Model):
    """Base of all constraints; ``id`` addresses it in reruns and in explanations.

    Attributes
    ----------
    limit
        The one number or month that it limits something by; None where it has none, or where it is given.
    given
        Whether it changes figures and months that other rules read; any other constraint is a rule of its own.
    in_forms
        Whether forms offer it although it is given: it has no lever of its own.
    imposed
        Whether law, a regulator, a partner or the world sets it, and not whoever asks.
    in_text_only
        Whether it holds more than a form can show: it is written in the request itself.
    """

    id: Name
    firmness: Firmness | None = Field(
        default=None,
        exclude_if=not_said,
        description="hard: no repair of an infeasible request loosens it; policy: repairs may. When left out, what law, "
        "regulators, partners and the world set is hard, and the rest is policy",
    )
    limit: ClassVar[Limit | None] = None
    given: ClassVar[bool] = False
    in_forms: ClassVar[bool] = False
    imposed: ClassVar[bool] = False
    in_text_only: ClassVar[bool] = False

    @property
    def stands(self) -> Firmness:
        """Whether repairs may loosen it."""
        return self.firmness or ("hard" if self.imposed or self.given else "policy")

    @property
    def only_forbids(self) -> bool:
        """Whether a request that gets it has no plan that it had not before, and every plan is worth what it was."""
        return not self.given

    def tightens(self, before: Constraint) -> bool:
        """Return whether every plan that keeps this one kept ``before``: its limit alone is another, and a tighter one."""
        if self.limit is None or type(self) is not type(before):
            return False
        name = self.limit.member
        old, new = getattr(before, name), getattr(self, name)
        if self.model_copy(update={name: old, "firmness": before.firmness}) != before or old == new:
            return False
        return bool(new < old) == (self.limit.tighter == "less")
