"""Work counted in nodes: the same request, seed and limit give the same plan, byte for byte, on any load."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fleetplan.errors import RequestError
from fleetplan.facts import Method
from fleetplan.optimize.nodes import NODES_PER_S, NodeClock
from fleetplan.optimize.search import search
from fleetplan.options import PlanOptions, parse_options
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.reruns.rerun import rerun
from fleetplan.run import Run
from fleetplan.words.method import method_sentence
from fleetplan.words.proof import proof_sentence
from tests.oracle_support import finer_services
from tests.test_optimize import WORLD, request, written

SERVICES = finer_services()
WORLD_RUN = Run(catalogue=WORLD)
WAITS = [{"id": "waits", "type": "service_level", "max_wait_min": 9.5}]


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


def planned(nodes: int, *, gap: float = 0.0, **more: Any) -> Plan:
    """Return the plan of a small request, its work counted in nodes."""
    asked = request(capital={"per_quarter_usd": 5e6, "cash_floor_usd": 4e7}, **more)
    return plan_with_context(asked, PlanOptions(node_limit=nodes, gap=gap, time_limit_s=0.01), WORLD_RUN).plan


@contextmanager
def busy(threads: int = 3) -> Iterator[None]:
    """Keep the processor and the interpreter busy."""
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            sum(range(20_000))

    running = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for one in running:
        one.start()
    try:
        yield
    finally:
        done.set()
        for one in running:
            one.join()


@pytest.mark.parametrize(("nodes", "more"), [(1, {}), (60, {}), (60, {"constraints": WAITS})])
def test_a_plan_made_twice_is_the_same_bytes_under_load(nodes: int, more: dict[str, Any]) -> None:
    quiet = planned(nodes, **more)
    with busy():
        loaded = planned(nodes, **more)
    assert loaded.model_dump_json() == quiet.model_dump_json()
    assert quiet.certificate.checker == "passed"
    assert quiet.objective > 0


def test_a_rerun_made_twice_is_the_same_bytes_under_load() -> None:
    parent = planned(60)
    change = {"capital": {"per_quarter_usd": 4e6}}
    options = PlanOptions(node_limit=60, gap=0.0, change_price_usd=1e4)
    quiet = rerun(parent, change, options, WORLD_RUN).plan
    with busy():
        loaded = rerun(parent, change, options, WORLD_RUN).plan
    assert loaded.model_dump_json() == quiet.model_dump_json()
    assert quiet.objective < parent.objective


def test_more_nodes_prove_no_less_and_the_seconds_given_end_nothing() -> None:
    few, many = planned(1), planned(500)
    assert few.status == "time_limit"
    assert many.status == "optimal"
    assert many.bound <= few.bound
    assert many.objective >= few.objective


def test_nodes_are_counted_over_all_stages_and_told() -> None:
    few, many = planned(1), planned(500)
    assert few.certificate.method.nodes_ran_out
    assert not many.certificate.method.nodes_ran_out
    assert 1 <= (many.certificate.method.nodes or 0) <= 500
    assert "The nodes allowed ran out" in proof_sentence(few)
    assert "nodes, 500 allowed" in many.certificate.method.sentence
    assert "counted in nodes" not in method_sentence(Method())


def test_a_stage_counts_the_nodes_it_took_and_no_fewer_than_one() -> None:
    clock = NodeClock()
    search(written(request()), time_limit_s=1 / NODES_PER_S, gap=0.0, seed=0, report=lambda *_: None, nodes=clock)
    assert clock.used >= 1
    assert clock.now() * NODES_PER_S == clock.used


@pytest.mark.parametrize("nodes", [0, -5, 10_000_001, 2.5])
def test_a_number_of_nodes_that_is_none_is_refused(nodes: float) -> None:
    with pytest.raises(RequestError, match="node_limit"):
        parse_options({"node_limit": nodes})
