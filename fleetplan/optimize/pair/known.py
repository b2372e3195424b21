"""What a solver process knows of the plans that the other has found."""

from __future__ import annotations

from fleetplan.optimize.nothing import nothing
from fleetplan.optimize.pair.wire import Channel, Found


class Known:
    """The best plan that others have found, and what of it was not seen yet; doing nothing is one where it is a plan."""

    def __init__(self, channel: Channel) -> None:
        self._channel, start = channel, channel.task.start
        self.best = nothing(channel.task.outline.model) if start is None else start

    def news(self) -> list[Found]:
        """Return the plans found since the last call."""
        plans = [found for found in self._channel.taken() if found.kind == "plan"]
        if plans:
            self.best = max(plans, key=lambda found: found.value_usd).x
        return plans
