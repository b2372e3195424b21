"""A service on a store of its own, with made-up cities' services and a runner that ends plans as a test wants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from api.app import create_app
from api.deps import Service
from api.known import Known
from api.settings import Settings
from api.store.contract import NewPlan
from api.store.sqlstore import SqlStore
from fleetplan.catalogue.types import Catalogue
from fleetplan.facts import Conflict, Party
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.request import parse_request
from fleetplan.service.types import CityService
from tests.fake_plan import fake_plan, fake_services

BODY: dict[str, Any] = {
    "request": {"name": "test", "capital": {"per_quarter_usd": 125e6}, "cities": ["zurich", "munich"]}
}
LOOPBACK = "http://127.0.0.1:8000"
CLASHES = (
    Conflict(
        parties=[Party(kind="constraint", constraint=c, type="launches_per_quarter") for c in ("a", "b")],
        sentence="Cannot be kept together: one thing (a); another (b).",
    ),
)


@cache
def services() -> dict[str, CityService]:
    """Return made-up services, made once."""
    return fake_services()


@cache
def answer(capital: float = 125e6, discount: float = 0.1) -> bytes:
    """Return a plan.json; with another capital, another plan."""
    made = fake_plan(services=services())
    changed = {"name": made.name, "capital": {"per_quarter_usd": capital}, "discount_rate": discount}
    asked = parse_request({**BODY["request"], **changed})
    made = made.model_copy(update={"objective": made.objective * capital / 125e6})
    return made.model_copy(update={"request": asked}).model_dump_json().encode()


class FakeKnown(Known):
    """The real catalogue, with made-up services: nothing slow is built."""

    def service(self, catalogue: Catalogue, city: str) -> CityService:
        return services()[city]


class Runner:
    """Stands in for workers: notes what was enqueued, and ends plans at once when told to."""

    def __init__(self, store: SqlStore, outcome: str | None = None) -> None:
        self.store = store
        self.outcome = outcome
        self.enqueued: list[str] = []

    def __call__(self, plan: str) -> None:
        if plan not in self.enqueued:
            self.enqueued.append(plan)
        if self.outcome is not None:
            self.end(plan, self.outcome)

    def begin(self, plan: str) -> None:
        assert self.store.start(plan, "tester")
        self.store.add_event(plan, "phase", {"phase": "formulating", "elapsed_s": 0.1})
        self.store.add_event(plan, "incumbent", {"best_usd": 9.0, "bound_usd": 10.0, "gap": 0.11, "elapsed_s": 0.2})

    def end(self, plan: str, state: str = "succeeded") -> None:
        self.begin(plan)
        if state == "succeeded":
            self.store.finish(plan, "succeeded", answer=answer())
        elif state == "old":
            self.store.finish(plan, "succeeded", answer=b'{"schema_version": "1", "name": "old"}')
        elif state == "cheaper":
            self.store.finish(plan, "succeeded", answer=answer(100e6))
        elif state == "own":
            self.store.finish(plan, "succeeded", answer=self._own(plan))
        elif state == "dearer":
            self.store.finish(plan, "succeeded", answer=answer(100e6, 0.12))
        elif state == "infeasible":
            self.store.finish(
                plan, "infeasible", problem={"code": "infeasible", "clashes": [c.model_dump() for c in CLASHES]}
            )
        else:
            self.store.finish(plan, "failed", problem={"code": "solver", "detail": "no plan in time"})

    def _own(self, plan: str) -> bytes:
        """Return an answer to the very request that was posted."""
        row = self.store.get(plan)
        assert row is not None
        asked = parse_request(dict(row.request))
        return Plan.model_validate_json(answer()).model_copy(update={"request": asked}).model_dump_json().encode()


class Running:
    """A service in a test."""

    def __init__(self, client: TestClient, store: SqlStore, runner: Runner) -> None:
        self.client = client
        app: Any = client.app
        self.service: Service = app.state.service
        self.store = store
        self.runner = runner

    def queued(self, request: dict[str, Any]) -> str:
        """Store a plan that waits, whatever the dates of permits say of it, and return its id."""
        asked = parse_request(request).model_dump(mode="json")
        return self.store.create(NewPlan(asked, PlanOptions()))[0].id

    def post(self, body: Any = None, headers: dict[str, str] | None = None) -> str:
        """Post a plan and return its id."""
        answered = self.client.post("/v1/plans", json=body or BODY, headers=headers or {})
        assert answered.status_code in {200, 202}, answered.text
        return str(answered.json()["id"])

    def made(self, state: str = "succeeded") -> str:
        """Post a plan, end it, and return its id."""
        plan = self.post()
        if self.runner.outcome is None:
            self.runner.end(plan, state)
        return plan


@contextmanager
def running(
    folder: Path, *, outcome: str | None = None, known: Known | None = None, raises: bool = True, **settings: Any
) -> Iterator[Running]:
    """Give a service with a store in a folder."""
    given: dict[str, Any] = {"poll_s": 0.02, "log_level": "error", "data_dir": folder, **settings}
    chosen = Settings(**given)
    with closing(SqlStore(None, folder, queue_limit=chosen.max_queue)) as store:
        store.migrate()
        runner = Runner(store, outcome)
        app = create_app(chosen, store, runner, known=known or FakeKnown())
        with TestClient(app, base_url=LOOPBACK, raise_server_exceptions=raises) as client:
            yield Running(client, store, runner)
