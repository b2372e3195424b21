"""What a replayed month says: whether the plan stands, and by how much it is off."""

from __future__ import annotations

from fleetplan.simulate.replay import DeploymentReplay, Replay


def verdict(replay: Replay) -> str:
    """Return one sentence: whether the promise of the month stands."""
    if replay.stands:
        return f"{replay.name}, {replay.month}: the plan stands."
    return f"{replay.name}, {replay.month}: the plan does not stand."


def deployment_verdict(replayed: DeploymentReplay) -> str:
    """Return what was promised of a deployment and what came of it, with the reason where it does not stand."""
    said = (
        f"{replayed.partner}: {replayed.vehicles:,} vehicles in area {replayed.level} ({replayed.level_name}), "
        f"{replayed.demand_per_day:,.0f} riders a day ask. "
        f"Promised {replayed.promised_trips:,.0f} trips a day at {replayed.promised_wait_min:.1f} min, "
        f"replayed {replayed.trips.mean:,.0f} at {replayed.wait_min.mean:.1f} min."
    )
    if not replayed.trips_stand:
        short, allowed = 100.0 * (replayed.promised_share - replayed.share), 100.0 * replayed.allowed_points
        said += f" Of all who ask {short:.1f} points fewer ride than promised; {allowed:g} are allowed."
    if not replayed.wait_stands:
        longer = 100.0 * (replayed.wait_min.mean / replayed.promised_wait_min - 1.0)
        said += f" Riders wait {longer:.0f} % longer than promised; 15 % are allowed."
    return said
