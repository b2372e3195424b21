"""A scenario set worked out, as tables: the scenarios with what every policy makes of them, and what is decided for all."""

from __future__ import annotations

import pandas as pd

from fleetplan.recourse.types import Recourse


def scenarios_frame(found: Recourse) -> pd.DataFrame:
    """Return a row for each scenario: probability, value if it were known, under every policy, regret, launches."""
    rows = []
    for k, scenario in enumerate(found.scenarios):
        perfect, chosen, regret = found.perfect[k], found.chosen.outcomes[k], found.regrets[k]
        rows.append(
            {
                "scenario": scenario.id,
                "probability": scenario.probability,
                "known_usd": perfect.value_usd,
                "known_bound_usd": perfect.bound_usd,
                **{f"{policy.name}_usd": policy.outcomes[k].value_usd for policy in found.policies},
                "best": found.best,
                "npv_usd": chosen.npv_usd,
                "given_up_usd": chosen.given_up_usd,
                "regret_usd": regret.regret_usd,
                "launches": ", ".join(f"{one.city} {one.launch}" for one in chosen.launches),
                "vehicles_end": chosen.vehicles_end,
            }
        )
    return pd.DataFrame(rows)


def decided_frame(found: Recourse) -> pd.DataFrame:
    """Return a row for each thing that every policy decides before the month, and how probable it is that all of it is used."""
    return pd.DataFrame(
        [
            {"policy": policy.name, "best": policy.name == found.best, **one.model_dump()}
            for policy in found.policies
            for one in policy.decided
        ]
    )
