"""Outside cases: what is understood, what is refused and how, what is written down."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from typer.testing import CliRunner

from fleetplan.cli import app
from fleetplan.errors import InputError
from fleetplan.simulate import read_case, simulate
from fleetplan.simulate.ways import fastest_ways, streets

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "case-grid"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "case"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults_of(folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        read_case(folder)
    assert all(fault.where and fault.what for fault in caught.value.faults)
    return [(fault.where, fault.what) for fault in caught.value.faults]


def test_the_example_runs_and_everything_is_written(tmp_path):
    run = CliRunner().invoke(app, ["simulate", "--case", str(EXAMPLE), "--out", str(tmp_path), "--runs", "3", "--json"])
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    assert told["runs"] == 3
    assert told["means"]["requests"] == {"mean": 240.0, "standard_error": 0.0}
    assert told == json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    with (tmp_path / "requests.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [f"r{i}" for i in range(240)]
    assert sum(row["status"] == "served" for row in rows) == told["by_run"][0]["served"]
    with (tmp_path / "bins.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 96
    with (tmp_path / "depots.csv").open(encoding="utf-8") as file:
        assert max(float(row["load_kw"]) for row in csv.DictReader(file)) > 0


def test_people_read_a_table():
    run = CliRunner().invoke(app, ["simulate", "--case", str(EXAMPLE), "--dispatch", "batched"])
    assert run.exit_code == 0, run.output
    assert "batched" in run.stdout
    assert "served share" in run.stdout


def test_every_fault_of_every_file_is_told_at_once(case):
    change(case / "requests.csv", "r3,", "r2,")
    change(case / "requests.csv", "r5,", "r5,9")
    lines = (case / "requests.csv").read_text(encoding="utf-8").splitlines()
    lines[10] = "r9,nine,47.3,8.5,47.3,8.5"
    lines[11] = "r10," + lines[11].split(",")[1] + ",10.0,8.54,47.38,8.55"
    (case / "requests.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (case / "vehicles.csv").write_text("id,node\n", encoding="utf-8")
    change(case / "edges.csv", "n00,n01,90", "n00,nowhere,90")
    change(case / "edges.csv", "n01,n02,90", "n01,n02,-4")
    change(case / "depots.csv", "2,50", "0,50")
    settings = {
        "policy": {"dispatch": "best", "speed": 3},
        "energy": {"usable_kwh": -1},
        "unknown": 1,
        "horizon_s": 86400,
    }
    (case / "case.json").write_text(json.dumps(settings), encoding="utf-8")
    found = faults_of(case)
    told = "\n".join(f"{where}: {what}" for where, what in found)
    for part in (
        "requests.csv: row 5 (r2): the id stands above already",
        "the time is earlier than in the row above",
        "the request comes after the end at 86400 s",
        "time_s is nine",
        "12 (r10): origin lies outside the network",
        "vehicles.csv: no vehicles",
        "edges.csv: row 2: an end is no node",
        "travel_time_s is -4",
        "plugs is 0",
        "case.json: /policy/dispatch: is 'best'",
        "case.json: /policy/speed: no such field",
        "case.json: /energy/usable_kwh: is -1",
        "case.json: /unknown: no such field",
    ):
        assert part in told, f"{part}\n\n{told}"


def test_places_without_a_way_are_told(case):
    lines = (case / "edges.csv").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.split(",")[1] != "n00"]
    (case / "edges.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    ((where, what),) = faults_of(case)
    assert where == "edges"
    assert "cut off from the rest" in what
    assert "n00" in what
    (case / "vehicles.csv").write_text("id,node\nv1,n11\nv1,nowhere\n", encoding="utf-8")
    told = faults_of(case)  # with whatever else is wrong, at once
    assert [where.partition(":")[0] for where, _ in told] == ["vehicles.csv", "vehicles.csv", "edges"]


def test_missing_tables_and_folders_are_told(tmp_path, case):
    assert faults_of(tmp_path / "none")[0][1] == "no such folder"
    (case / "vehicles.csv").unlink()
    (case / "edges.csv").unlink()
    assert [what for _, what in faults_of(case)] == ["no such table", "no such table"]
    run = CliRunner().invoke(app, ["simulate", "--case", str(case)])
    assert run.exit_code == 2
    assert "no such table" in run.stderr
    assert CliRunner().invoke(app, ["simulate"]).exit_code == 2


def test_the_layout_of_fleetpy_is_understood(tmp_path):
    (tmp_path / "nodes.csv").write_text(
        "node_index,is_stop_only,pos_x,pos_y\n0,False,0,0\n1,False,500,0\n2,False,900,0\n"
    )
    edges = "from_node,to_node,distance,travel_time,source_edge_id\n0,1,500,50.0,7\n1,0,500,50.0,8\n"
    edges += "1,2,400,40.0,9\n2,1,400,40.0,10\n"
    (tmp_path / "edges.csv").write_text(edges)
    (tmp_path / "requests.csv").write_text("rq_time,start,end,request_id\n100,0,2,0\n160,2,0,1\n")
    (tmp_path / "vehicles.csv").write_text("vehicle_id,start_node\n0,1\n")
    (tmp_path / "case.json").write_text('{"policy": {"boarding_s": 30, "reposition_s": 0}}')
    case = read_case(tmp_path)
    result = simulate(case.scenario)
    assert result.wait_s.tolist() == [50.0, 110.0]  # free at 100 + 50 + 30 + 90 = 270 s, where the second rider stands
    assert result.way_km.sum(axis=0).tolist() == pytest.approx([0.5, 1.8, 0.0, 0.0])


def test_the_layout_of_hive_is_understood_with_a_speed_in_place_of_streets(tmp_path):
    head = "request_id,o_lat,o_lon,d_lat,d_lon,departure_time,passengers\n"
    one = "0,39.7472,-104.9894,39.7440,-104.9898,1970-01-01T00:02:00,2\n"
    one += "1,39.7440,-104.9898,39.7472,-104.9894,1970-01-01T00:22:00,1\n"
    (tmp_path / "requests.csv").write_text(head + one)
    (tmp_path / "vehicles.csv").write_text(
        "vehicle_id,lat,lon,mechatronics_id,initial_soc\nv1,39.7472,-104.9894,leaf_50,0.3\n"
    )
    nodes = "node_id,lat,lon\na,39.7472,-104.9894\nb,39.7440,-104.9898\n"
    (tmp_path / "nodes.csv").write_text(nodes)
    (tmp_path / "depots.csv").write_text("station_id,lat,lon,charger_count,kw\ns1,39.7472,-104.9894,2,50\n")
    (tmp_path / "case.json").write_text('{"kmh": 36, "circuity": 1.0}')
    case = read_case(tmp_path)
    assert case.scenario.requests.time_s.tolist() == [120.0, 1320.0]
    assert float(case.scenario.travel.seconds[0, 1]) == pytest.approx(35.7, abs=0.3)  # 357 m at 10 m/s
    assert simulate(case.scenario).served_share == 1.0


def test_a_matrix_stands_in_for_a_network(case):
    (case / "edges.csv").unlink()
    side = 7
    steps = np.abs(np.subtract.outer(np.arange(49) // side, np.arange(49) // side))
    steps = steps + np.abs(np.subtract.outer(np.arange(49) % side, np.arange(49) % side))
    np.savez(case / "matrix.npz", seconds=90.0 * steps, metres=500.0 * steps)
    result = simulate(read_case(case).scenario)
    assert result.totals()["requests"] == 240
    asked = pd.read_csv(case / "requests.csv")
    (case / "requests.csv").unlink()
    columns: dict[str, Any] = {name: asked[name].to_numpy() for name in asked.columns if name != "id"}
    np.savez(case / "requests.npz", **columns)
    assert simulate(read_case(case).scenario).served_share == result.served_share
    np.savez(case / "requests.npz", time_s=np.zeros(3), origin=np.zeros((2, 2)))
    assert any("a table has one for each column, all of one length" in what for _, what in faults_of(case))
    (case / "requests.npz").unlink()
    with duckdb.connect() as made:
        made.execute("COPY asked TO $path (FORMAT parquet)", {"path": str(case / "requests.parquet")})
    assert simulate(read_case(case).scenario).served_share == result.served_share
    (case / "requests.parquet").write_bytes(b"no parquet")
    assert any("cannot be read" in what for _, what in faults_of(case))
    asked.to_csv(case / "requests.csv", index=False)
    (case / "requests.parquet").unlink()
    np.savez(case / "matrix.npz", seconds=90.0 * steps)
    assert ("matrix.npz: metres", "is missing") in faults_of(case)
    np.savez(case / "matrix.npz", seconds=-90.0 * steps, metres=np.zeros((3, 3)))
    assert {where for where, _ in faults_of(case)} == {"matrix.npz: seconds", "matrix.npz: metres"}


@pytest.mark.parametrize("seed", range(4))
def test_fastest_ways_are_dijkstras(seed):
    rng = np.random.default_rng(seed)
    n, m = 60, 240
    tail, head = rng.integers(0, n, m), rng.integers(0, n, m)
    seconds, metres = rng.random(m) * 100 + 1, rng.random(m) * 900
    used = np.arange(0, n, 2)
    mine, way = fastest_ways(streets(n, tail, head, seconds, metres), used)
    graph = csr_matrix((np.full(m, np.inf), (tail, head)), shape=(n, n)).tolil()
    for i, j, s in zip(tail, head, seconds, strict=True):
        graph[i, j] = min(graph[i, j] if graph[i, j] and np.isfinite(graph[i, j]) else np.inf, s)
    theirs = dijkstra(graph.tocsr(), indices=used)[:, used]
    assert mine == pytest.approx(theirs, rel=1e-5)
    assert (np.isfinite(way) == np.isfinite(mine)).all()
    assert (way[np.isfinite(way)] >= 0).all()
