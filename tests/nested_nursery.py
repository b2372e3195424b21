"""A process forked from a nursery that has one of its own, as a worker's solver has: it says whether what it started answers."""

from __future__ import annotations

import sys

from fleetplan.optimize.pair.nursery import fork_nursery
from fleetplan.optimize.pair.processes import started
from fleetplan.optimize.pair.unit_process import MODULE, receive, send


def main() -> None:
    fork_nursery()
    below = started(MODULE)
    assert below.stdin is not None
    assert below.stdout is not None
    send(below.stdin, b"{}\n")
    answered = receive(below.stdout) is not None
    below.kill()
    below.wait()
    sys.stdout.write("answered" if answered else "silent")
