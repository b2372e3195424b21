"""A grid planned anew in every cell: who enters where, the plan behind each cell, and nothing lost when its process is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.known import Known
from fleetplan.catalogue.types import Catalogue
from fleetplan.doubt.books import Books
from fleetplan.doubt.changes import cell_patch
from fleetplan.doubt.fanout import Effort, World, plan_files, planned
from fleetplan.doubt.grid import grid
from fleetplan.doubt.ranges import ranged_by_key
from fleetplan.doubt.resolve import cell_patches, resolve_cells
from fleetplan.doubt.shifts import Shifts
from fleetplan.doubt.types import CellAgain, Grid
from fleetplan.errors import RequestError
from fleetplan.plans.files import plan_sha256, plan_text, read_plan
from fleetplan.plans.shelf import NONE_THERE
from fleetplan.plans.types import Plan
from fleetplan.report.doubt_tables import grid_frame
from fleetplan.reruns.again import Again
from fleetplan.service.types import CityService
from fleetplan.words.cells import cells_sentences
from fleetplan.words.names import Names
from tests.api_support import running
from tests.doubt_world import FARE, PERMIT, PLAN, YEARS, dear_world, small_grid
from tests.jobs_support import service_on
from tests.worker_process import ROOT, WorkerProcess, until


@pytest.fixture(scope="module")
def world() -> World:
    return dear_world()


@pytest.fixture(scope="module")
def cells(world: World) -> Grid:
    return small_grid(world)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where a process that was killed -9 in the middle of the fan-out kept its plans."""
    found = tmp_path_factory.mktemp("killed")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.doubt_world", str(found)]
    process = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True, stderr=subprocess.DEVNULL)
    assert process.wait(120) == -signal.SIGKILL
    until(lambda: _gone(process.pid), 60.0)  # its workers end with it
    return found


def _gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture(scope="module")
def resumed(cells: Grid, world: World, folder: Path) -> tuple[list[Path], list[dict[str, object]], list[CellAgain]]:
    """Return the files that were there, the patches that were planned after, and every cell."""
    kept, asked, real = sorted(folder.glob("*.plan.json")), [], Again.made

    def made(self: Again, patch: dict[str, object]) -> Plan | None:
        asked.append(patch)
        return real(self, patch)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Again, "made", made)
        return kept, asked, resolve_cells(PLAN, cells, world, Effort(workers=1, keep=folder))


def test_a_fan_out_that_is_killed_loses_no_plan_that_was_made(cells, world, folder, resumed):
    kept, asked, again = resumed
    assert kept, "nothing was kept before it was killed"
    patches = cell_patches(cells, world)
    files = plan_files(PLAN, patches, Effort(keep=folder), world.catalogue.digest)
    assert asked == [patch for patch, file in zip(patches, files, strict=True) if file not in kept]
    assert len(asked) == 9 - len(kept)
    for file, one in zip(files, again, strict=True):
        assert file is not None
        assert plan_sha256(read_plan(file.read_bytes())) == one.plan_sha256
    alone = list(planned(PLAN, [patches[7]], Effort(workers=1), world))
    assert alone[0] is not None
    assert plan_sha256(alone[0]) == again[7].plan_sha256, "the same plan, whoever makes it"


def test_the_map_says_who_enters_where_and_how_well_it_is_proven(cells: Grid, resumed):
    again, names = resumed[2], Names(dear_world().catalogue, (PLAN,))
    assert [bool(one.opened) for one in again] == [False] * 6 + [True] * 3
    assert [one.city for one in again[7].opened] == ["aston"]
    assert again[0].leaves == ["aston", "belport"]
    assert all(one.gap <= 0.02 or one.npv_usd == 0 for one in again)
    said = cells_sentences(cells, again, names)
    assert said[0].startswith("Decided anew in every cell: nothing opens in 6 of 9 cells; Aston (")
    assert said[0].endswith(" in 3 of 9 cells.")
    assert "worth most" in said[1]
    frame = grid_frame(cells, again, [f"{k}.json" for k in range(9)])
    assert list(frame["planned"]) == ["yes"] * 9
    assert frame["opens"][7].startswith("aston 2027-")
    assert frame["plan"][7] == "7.json"


def test_cells_that_are_not_known_or_have_no_plan_are_told_as_such(cells: Grid, resumed):
    again, names = resumed[2], Names(dear_world().catalogue, (PLAN,))
    none = again[7].model_copy(update={"npv_usd": None, "bound_usd": None, "plan_sha256": "", "opened": []})
    wide = again[8].model_copy(update={"bound_usd": 2 * (again[8].npv_usd or 0)})
    low = again[6].model_copy(update={"bound_usd": 1.0})
    assert cells_sentences(cells, [None] * 9, names) == []
    assert cells_sentences(cells, [*again[:8], None], names) == ["8 of 9 cells are planned anew so far."]
    said = " ".join(cells_sentences(cells, [*again[:6], low, none, wide], names))
    assert "In 1 cell no plan keeps every rule." in said
    assert "In 1 cell the plan's own launches, worked as they are, would break a rule." in said
    assert "In 1 cell the proof is wider than 2.0 %, at most 100.0 %." in said
    every = cells_sentences(cells, [none] * 9, names)
    assert every == ["In 9 cells no plan keeps every rule."]
    assert none.gap == 0.0
    frame = grid_frame(cells, [None, none, *again[2:]])
    assert list(frame["planned"][:2]) == ["not yet", "no plan keeps every rule"]


def test_a_third_figure_makes_slices_and_a_permit_s_months_are_a_delay(world: World, cells: Grid):
    books = Books.of(PLAN, world.catalogue, world.services)
    found = grid(books, FARE, YEARS, PERMIT, steps=3)
    assert (len(found.cells), len(found.third_values)) == (27, 3)
    assert [cell.npv_usd for cell in found.cells[:9]] == [cell.npv_usd for cell in cells.cells]
    assert found.place(25) == (2, 2, 1)
    assert [k for k in range(27) if found.is_likely(k)] == [4], (
        "the permit is likely to take as long as it takes at least"
    )
    ranges = [ranged_by_key(world.catalogue, key) for key in found.figures]
    assert cell_patch(ranges, found, 4) == {"overrides": {}}
    late = cell_patch(ranges, found, 22)
    assert late["overrides"] == {}
    assert [one["type"] for one in late["constraints"].values()] == ["permit_delay"]
    assert {cell.third for cell in found.cells} == set(found.third_values)
    assert list(grid_frame(found).columns[:3]) == [FARE, YEARS, PERMIT]
    with pytest.raises(RequestError) as caught:
        grid(books, FARE, YEARS, FARE)
    assert [(f.where, f.what) for f in caught.value.faults] == [("/third", "is the first one again")]


def test_what_cannot_be_read_is_made_again(world: World, tmp_path: Path):
    effort = Effort(workers=1, keep=tmp_path)
    (file,) = plan_files(PLAN, [{}], effort, world.catalogue.digest)
    assert file is not None
    file.write_text("{", encoding="utf-8")
    assert next(planned(PLAN, [{}], effort, world)) is not None
    file.write_text(NONE_THERE, encoding="utf-8")
    assert list(planned(PLAN, [{}], effort, world)) == [None], "what is kept counts"


def test_cells_asked_for_in_the_service_are_made_though_their_worker_is_killed(tmp_path: Path):
    class Small(Known):
        catalogue = dear_world().catalogue

        def service(self, catalogue: Catalogue, city: str) -> CityService:
            return dear_world().services[city]

    answer = tmp_path / "answer.json"
    answer.write_text(plan_text(PLAN), encoding="utf-8")
    note = json.dumps({"answer": str(answer), "seconds": 30.0, "again": 0.0, "log": str(tmp_path / "starts")})
    with running(tmp_path, known=Small()) as http, pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.doubt.answer.law_shifts", lambda *_, **__: Shifts({}))
        request = {**PLAN.request.model_dump(mode="json"), "note": note}
        parent = http.post({"request": request, "options": {"time_limit_s": 40}})
        http.store.start(parent, "tester")
        http.store.finish(parent, "succeeded", answer=plan_text(PLAN).encode())
        patch.setattr(http.store, "queue_limit", 2)
        asked = http.client.post(f"/v1/plans/{parent}/doubt/grid", params={"first": FARE, "second": YEARS}).json()
    made = [cell["plan"] for cell in asked["cells"] if cell["plan"]]
    with service_on(None, tmp_path) as jobs:
        first = jobs.worker()
        for one in made:
            jobs.queue.enqueue(one)
        until(lambda: any(jobs.solving(one) for one in made))
        first.kill()
        with WorkerProcess(jobs.config):
            assert [jobs.finished(one).state for one in made] == ["succeeded"] * 2
