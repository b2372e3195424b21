"""A process that solves units of work, one after another: ``python -m fleetplan.optimize.pair.unit_child``.

Standard input brings units, standard output takes answers, as bytes with their length in front. The process ends with its input,
and with whoever started it; to stop what it does it is killed, since nothing of it is lost but that.
"""

from __future__ import annotations

import os
import sys

from fleetplan.optimize.pair.unit_process import receive, send
from fleetplan.optimize.pair.units import Answer, answer_bytes, solved, unit_from
from fleetplan.optimize.pair.wire import die_with_parent, silence_stdout


def answered(unit: bytes) -> bytes:
    """Return the answer to a unit, also where that is a failure."""
    try:
        return answer_bytes(solved(unit_from(unit)))
    except Exception as error:  # noqa: BLE001  # whatever it is, whoever asked must hear of it
        return answer_bytes(Answer(failed=f"{type(error).__name__}: {error}"))


def main() -> None:
    """Solve units until input ends."""
    die_with_parent()
    out = os.fdopen(os.dup(1), "wb")
    silence_stdout()
    while (unit := receive(sys.stdin.buffer)) is not None:
        send(out, answered(unit))


if __name__ == "__main__":
    main()
