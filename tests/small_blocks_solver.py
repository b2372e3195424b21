"""The real solver where every request is a portfolio, and whose own processes solve no unit: helpers do, or nobody.

python small_blocks_solver.py PARENT_PID
"""

from __future__ import annotations

from api.jobs.solver_child import main
from fleetplan.optimize import search
from fleetplan.optimize.pair import crew, race


def nobody() -> int:
    """Return how many processes of its own solve units."""
    return 0


if __name__ == "__main__":
    search.SMALL = 0
    vars(race)["LARGE_COLUMNS"] = 0
    vars(crew)["cores"] = nobody
    main()
