"""From a permit graph to months: when which mode may run, if a programme begins now."""

from fleetplan.permits.openings import first_paid_month
from fleetplan.permits.paths import PUBLIC_MODES, DelayRule, PermitPath, PermitTiming, permit_path

__all__ = ["PUBLIC_MODES", "DelayRule", "PermitPath", "PermitTiming", "first_paid_month", "permit_path"]
