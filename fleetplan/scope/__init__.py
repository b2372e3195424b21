"""From a request and the catalogue to what is really planned: names resolved, overrides applied, deployments chosen."""

from fleetplan.scope.judge import judge_request
from fleetplan.scope.overrides import apply_overrides
from fleetplan.scope.resolve import Scope, resolve_scope

__all__ = ["Scope", "apply_overrides", "judge_request", "resolve_scope"]
