"""One replay in a process of its own: ``python -m api.jobs.simulation_child PARENT_PID``.

Standard input: one line of JSON (``plan``: the text of plan.json, ``asked``: what of it is to be replayed). Its end means that
the worker died: the process ends at once.

Standard output: lines of JSON. ``progress`` with the share ``done``; at last ``month`` with what came of it and its ``standing``,
or ``problem``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.jobs.child import Lines, faults_told, run_beside

_NICE = 15
"""Above that of a solver: replays wait for plans wherever there are not cores enough for both."""


def replay(job: Mapping[str, Any], lines: Lines) -> None:
    """Replay a month and write what came of it."""
    from fleetplan.catalogue import load_catalogue  # noqa: PLC0415 - after prctl
    from fleetplan.plans.files import read_plan  # noqa: PLC0415
    from fleetplan.replays.types import ReplayAsked  # noqa: PLC0415
    from fleetplan.simulate.of_plan import PlanReplays  # noqa: PLC0415
    from fleetplan.words.replays import said  # noqa: PLC0415

    with faults_told(lines):
        replays = PlanReplays(read_plan(job["plan"]), load_catalogue())
        asked = ReplayAsked.model_validate(job["asked"])
        _, told = replays.month(asked, lambda done: lines.send("progress", {"done": done}))
        month = said(told)
        lines.send(
            "month", {"month": month.model_dump(mode="json"), "standing": month.standing.model_dump(mode="json")}
        )


if __name__ == "__main__":
    run_beside(replay, "replay", _NICE)
