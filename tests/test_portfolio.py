"""Made-up portfolios for the benchmarks: sound catalogues, the same bytes each time, curves that are the originals'."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.portfolio import curves_of, keep_curves, request_of, write
from benchmarks.portfolio_files import HEAD, Copy, Portfolio, Recipe, files_of, is_lawful
from fleetplan.catalogue import load_catalogue
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.run import Run
from fleetplan.scope import judge_request
from fleetplan.service import city_service
from fleetplan.service.types import AreaDemand, CityService, LadderLevel, ResponseSurface, Zones
from tests.catalogue_builder import edit, make_catalogue

SMALL = Recipe(cities=11, stacks=9, seed=3)
TWO = Recipe(cities=2, stacks=6, places=("zurich", "munich"))


def test_a_recipe_gives_the_same_bytes_each_time_and_another_seed_others():
    first = dict(files_of(Portfolio.of(SMALL)))
    assert first == dict(files_of(Portfolio.of(SMALL)))
    other = dict(files_of(Portfolio.of(Recipe(cities=11, stacks=9, seed=4))))
    assert set(other) == set(first)
    assert other["houston-01/city.toml"] != first["houston-01/city.toml"]


def test_a_city_and_its_law_are_the_same_in_a_larger_portfolio():
    small = dict(files_of(Portfolio.of(SMALL)))
    large = dict(files_of(Portfolio.of(Recipe(cities=16, stacks=9, seed=3))))
    alike = [path for path in small if "/" in path and not path.startswith(("partners/", "jurisdictions/"))]
    drawn = [path for path in small if path.endswith("/districts.geojson")]
    assert {path.split("/")[0] for path in drawn} == {"london-01", "zurich-01"}
    assert len(alike) == 11 * 8 + len(drawn)
    assert all(small[path] == large[path] for path in alike)
    assert small["jurisdictions/texas-01.toml"] == large["jurisdictions/texas-01.toml"]


def test_a_portfolio_is_a_sound_catalogue_with_lawful_deals_in_every_city(tmp_path):
    made, portfolio = load_catalogue(write(SMALL, tmp_path)), Portfolio.of(SMALL)
    scope = judge_request(request_of(SMALL), made)
    assert (len(made.cities), len(made.stacks)) == (11, 9)
    origins = {copy.slug: copy.origin for copy in (*portfolio.cities, *portfolio.stacks)}
    for city in made.cities:
        planned = [stack for stack, where in scope.deployments if where == city]
        assert 2 <= len(planned) <= 4, city
        assert all(is_lawful(portfolio.real, origins[stack], origins[city]) for stack in planned)


def test_permits_that_end_with_others_and_places_without_a_driver_follow_the_copies_of_their_laws(tmp_path):
    made = load_catalogue(write(Recipe(cities=11, stacks=9, seed=3), tmp_path))
    permits = {name: permit for law in made.jurisdictions.values() for name, permit in law.permits.items()}
    ending = [permit for permit in permits.values() if permit.until]
    assert ending
    assert all(other in permits for permit in ending for other in permit.until)
    laws = {place.jurisdiction for stack in made.stacks.values() for place in stack.driver_out if place.jurisdiction}
    assert laws
    assert laws <= set(made.jurisdictions)


def test_figures_that_were_changed_say_so_and_keep_their_range(tmp_path):
    root = write(TWO, tmp_path)
    made, real = load_catalogue(root), load_catalogue()
    fare, original = (c.figures["market.mean_fare_local"] for c in (made.cities["zurich-01"], real.cities["zurich"]))
    assert fare.value != original.value
    assert fare.source.startswith("made up: ")
    assert fare.confidence == "assumed"
    assert made.cities["zurich-01"].figures["speed.peak_kmh"].value == real.cities["zurich"].value("speed.peak_kmh")
    assert (root / "zurich-01" / "city.toml").read_text(encoding="utf-8").startswith(HEAD)


def test_a_copy_has_exactly_the_curves_of_its_original(tmp_path):
    source = make_catalogue(tmp_path / "source", cities=2, stacks=2)
    edit(source / "city-2" / "gateways.csv", "9000,0.05,,", "9000,0.05,landia-paid,")
    root = write(Recipe(cities=3, stacks=3, source=source), tmp_path)
    anew = city_service(load_catalogue(root), "city-2-01", cache_dir=tmp_path / "anew")
    original = city_service(load_catalogue(source), "city-2", cache_dir=tmp_path / "anew")
    assert anew.levels[-1].requires == ("landia-paid-01",), "the copy's airport needs the copy's permit"
    assert plain(anew) == plain(curves_of(original, Copy("city-2", 1)))


def plain(service: CityService) -> dict[str, object]:
    """Return everything that a service holds as plain data, arrays as bytes."""

    def of(thing: object) -> object:
        if isinstance(thing, np.ndarray):
            return thing.dtype.str, thing.shape, thing.tobytes()
        if isinstance(thing, dict):
            return {key: of(value) for key, value in thing.items()}
        if isinstance(thing, tuple):
            return [of(item) for item in thing]
        if isinstance(thing, LadderLevel | ResponseSurface | Zones | AreaDemand):
            return {f.name: of(getattr(thing, f.name)) for f in fields(thing)}
        return thing

    return {f.name: of(getattr(service, f.name)) for f in fields(service)}


def test_kept_curves_are_read_and_not_made_again(tmp_path, monkeypatch):
    recipe = Recipe(cities=2, stacks=3, places=("zurich",))
    root = write(recipe, tmp_path)
    assert keep_curves(recipe, root, tmp_path / "cache") == 2
    assert keep_curves(recipe, root, tmp_path / "cache") == 0
    monkeypatch.setattr("fleetplan.service.city._made", lambda *_: pytest.fail("the curves were made anew"))
    service = city_service(load_catalogue(root), "zurich-02", cache_dir=tmp_path / "cache")
    assert service.city == "zurich-02"
    assert {level.surface.city for level in service.levels} == {"zurich-02"}


@pytest.mark.slow
def test_two_made_up_cities_are_planned(tmp_path):
    root = write(TWO, tmp_path)
    keep_curves(TWO, root, tmp_path / "cache")
    run = Run(catalogue=load_catalogue(root), cache_dir=tmp_path / "cache")
    plan = plan_with_context(request_of(TWO), PlanOptions(time_limit_s=10.0, gap=0.05), run).plan
    assert plan.certificate.checker == "passed"
    assert plan.bound >= plan.objective >= 0  # whether these two are worth opening is for the model to say
    assert {city.city for city in plan.cities} == {"zurich-01", "munich-01"}


@pytest.mark.slow
def test_the_optimizer_benchmark_measures_a_search_and_its_parts(root: Path, tmp_path: Path):
    found = measured(root, tmp_path / "search.json", "--cases", "one-city", "--seconds", "5", "--gap", "0.05")
    assert found["case"] == "one-city"
    assert not found["failed"]
    assert 0 < found["first_s"] <= found["proven_s"]["0.05"] <= found["told_s"]
    assert found["answer"]["gap"] <= 0.05
    assert found["peak_mb"] > 50
    assert found["cpu_s"]["caller"] > 0
    parts = measured(root, tmp_path / "parts.json", "--cases", "one-city", "--parts")["parts"]
    assert list(parts) == ["gather", "formulate", "hash", "outline", "pickle", "unpickle", "SCIP model", "relaxation"]


def measured(root: Path, file: Path, *options: str) -> dict[str, Any]:
    """Return what the benchmark wrote of its one run."""
    command = [sys.executable, str(root / "benchmarks" / "optimizer.py"), *options, "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    run: dict[str, Any]
    (run,) = json.loads(file.read_bytes())["runs"]
    return run
