"""When permits allow a deployment to open, and which constraints ask for it sooner."""

from __future__ import annotations

from fleetplan.months import month_number, month_text
from fleetplan.optimize.gather import paths_of
from fleetplan.permits import first_paid_month
from fleetplan.request import ForceDeployment, LaunchBy, LaunchFixed, MarketsLive
from fleetplan.scope import Scope


def impossible(scope: Scope) -> list[str]:
    """Return, in words, which constraints the dates of permits alone rule out."""
    earliest = earliest_paid(scope)
    findings: list[str] = []
    for item in scope.constraints:
        if isinstance(item, LaunchBy | LaunchFixed | ForceDeployment):
            months = [m for (stack, city), m in earliest.items() if city == item.city and item.stack in {None, stack}]
            latest = scope.request.grid.end - 1 if isinstance(item, ForceDeployment) else month_number(item.month)
            if not months or min(months) > latest:
                fact = (
                    f"permits allow paid service from {month_text(min(months))}" if months else "no stack is admitted"
                )
                findings.append(f"constraint {item.id!r}: {item.city} cannot be open by {month_text(latest)}; {fact}")
        elif isinstance(item, MarketsLive) and item.counts == "paid":
            by = month_number(item.by)
            open_by = {city for (_, city), month in earliest.items() if month <= by}
            existing = sum(m.counts for m in scope.catalogue.live_markets) if item.include_existing else 0
            if len(open_by) + existing < item.count:
                fact = f"permits allow {len(open_by)} of the request's cities by then"
                also = f", {existing} markets are live elsewhere" if item.include_existing else ""
                findings.append(
                    f"constraint {item.id!r}: {item.count} markets cannot be live by {item.by}; {fact}{also}"
                )
    return findings


def earliest_paid(scope: Scope) -> dict[tuple[str, str], int]:
    """Return the first month of paid service of each deployment, were every programme begun at once."""
    found = {pair: first_paid_month(path) for pair, path in paths_of(scope).items()}
    return {pair: month for pair, month in found.items() if month is not None}
