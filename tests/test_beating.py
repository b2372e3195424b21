"""A worker that comes late to its own beats waits longer before it takes another for dead; one on a quiet machine does not."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.jobs.beating import MOST_TIMES, Beating
from api.jobs.worker import Worker
from api.store import tables
from tests.jobs_support import Service, service_on


class Clock:
    """A clock that goes as far as it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def beating(clock: Clock) -> Beating:
    return Beating(lambda: None, 5.0, 30.0, clock=clock)


def beat(one: Beating, clock: Clock, *pauses: float) -> None:
    for pause in pauses:
        clock.now += pause
        one.once()


def test_on_a_quiet_machine_patience_is_what_was_asked_for():
    clock = Clock()
    one = beating(clock)
    beat(one, clock, 0.1, 5.0, 5.0, 5.0)
    assert one.patience_s() == 30.0


def test_patience_grows_with_the_longest_pause_of_late_and_shrinks_when_beats_come_in_time_again():
    clock = Clock()
    one = beating(clock)
    beat(one, clock, 5.0, 20.0, 5.0)
    assert one.patience_s() == 120.0
    beat(one, clock, *[5.0] * 12)
    assert one.patience_s() == 30.0


def test_a_beat_that_is_not_written_yet_counts_and_patience_has_an_end():
    clock = Clock()
    one = beating(clock)
    beat(one, clock, 5.0)
    clock.now += 15.0
    assert one.patience_s() == 90.0
    clock.now += 1000.0
    assert one.patience_s() == 30.0 * MOST_TIMES


def test_a_beat_that_fails_is_followed_by_the_next(caplog: pytest.LogCaptureFixture):
    stop, tries = threading.Event(), []

    def fail() -> None:
        tries.append(1)
        if len(tries) == 3:
            stop.set()
        msg = "locked"
        raise OSError(msg)

    Beating(fail, 0.001, 1.0).run(stop)
    assert len(tries) == 3
    assert "the next one follows" in caplog.text


def running_under_one_silent_for(service: Service, seconds: float) -> str:
    plan = service.post(enqueue=False)
    service.store.beat("other", ())
    service.store.start(plan, "other")
    with service.store.writing() as connection:
        at = datetime.now(UTC) - timedelta(seconds=seconds)
        connection.execute(sa.update(tables.workers).values(beat_at=at))
    return plan


@pytest.mark.parametrize(("pause_s", "state"), [(0.2, "queued"), (2.0, "running")])
def test_who_is_late_itself_takes_no_living_worker_for_dead(tmp_path: Path, pause_s: float, state: str):
    clock = Clock()
    with service_on(None, tmp_path) as service:
        plan = running_under_one_silent_for(service, 1.5 * service.config.silence_s)
        worker = Worker(service.config, service.store, service.queue, "observer")
        worker.beating = Beating(lambda: None, service.config.heartbeat_s, service.config.silence_s, clock=clock)
        beat(worker.beating, clock, pause_s)
        worker.sweep()
        assert service.state(plan) == state
