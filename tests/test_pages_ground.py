"""What a map in the page is told of a city: compact shapes, places and links, what opens when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pytest
from shapely.geometry import Polygon

from fleetplan.report import ground as ground_module
from fleetplan.report.ground import SCALE, breaks, ground
from fleetplan.report.map_svg import ranked_places
from fleetplan.words.permits import crossing_words, gateway_words
from tests.api_support import Running, running, services
from tests.fake_plan import fake_catalogue, fake_plan


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("ground"), outcome="succeeded") as service:
        yield service


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    catalogue, plan = fake_catalogue(), fake_plan(services=services())
    city = next(c for c in plan.cities if c.city == "london")
    return ground(plan, city, catalogue.cities["london"], services()["london"], catalogue)


def _points(told: dict[str, Any], ring: list[int]) -> list[tuple[float, float]]:
    steps = np.cumsum(np.array(ring).reshape(-1, 2), axis=0) / told["scale"] + np.array(told["origin"])
    return [(float(x), float(y)) for x, y in steps]


def test_rings_read_back_are_the_zones_to_a_metre(told: dict[str, Any]) -> None:
    zones = told["zones"]
    for cell, ring in list(zip(zones["cell"], zones["ring"], strict=True))[::40]:
        wanted = [(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]
        assert np.allclose(_points(told, ring), wanted, atol=1.1 / SCALE * 6)


def test_every_zone_has_its_figures_and_its_level(told: dict[str, Any]) -> None:
    zones, service = told["zones"], services()["london"]
    assert {len(zones[k]) for k in ("cell", "ring", "trips", "people", "km2", "level", "near", "away")} == {
        len(service.zones.cells)
    }
    for level, members in enumerate(service.levels, start=1):
        inside = {c for c, k in zip(zones["cell"], zones["level"], strict=True) if 0 < k <= level}
        assert inside == set(members.cells)
    assert max(zones["near"]) == len(zones["names"]) - 1


def test_a_zone_is_told_by_the_nearest_named_place(told: dict[str, Any]) -> None:
    zones = told["zones"]
    at = zones["cell"].index(h3.latlng_to_cell(51.512, -0.12, 8))
    assert zones["names"][zones["near"][at]] in {"Old Town", "Central Station"}
    assert zones["away"][at] < 1.5


def test_outlines_lie_within_the_frame_of_the_map(told: dict[str, Any]) -> None:
    west, south, east, north = told["reach"]
    for level in told["levels"]:
        assert level["rings"], level["name"]
        for polygon in level["rings"]:
            shape = Polygon(_points(told, polygon[0]))
            assert shape.is_valid
            low_x, low_y, high_x, high_y = shape.bounds
            assert west <= low_x < high_x <= east
            assert south <= low_y < high_y <= north


def test_areas_grow_with_their_level(told: dict[str, Any]) -> None:
    sizes = [sum(Polygon(_points(told, p[0])).area for p in level["rings"]) for level in told["levels"]]
    assert sizes == sorted(sizes)
    assert [k["level"] for k in told["levels"]] == [1, 2, 3, 4]


def test_stacks_carry_what_the_plan_does_by_period(told: dict[str, Any]) -> None:
    (stack,) = told["stacks"]
    assert (stack["partner"], stack["launch"]) == ("Wayve + Ford", "2027-09")
    assert stack["level"][told["periods"].index("2027-09")] == 1
    assert len(stack["vehicles"]) == len(stack["wait"]) == len(told["periods"])


def test_depots_name_the_period_from_which_they_charge(told: dict[str, Any]) -> None:
    (depot,) = told["depots"]
    assert told["periods"][depot["from"]] == "2027-10"
    assert depot["stalls"][-1] > 0


def test_links_and_gateways_say_what_opens_them(told: dict[str, Any]) -> None:
    words = {c["name"]: c["words"] for c in told["crossings"]}
    assert words["Old Bridge"] == "open to robotaxis"
    assert "needs the permit area, which this plan does not obtain" in words["Bay Bridge"]
    airport = next(p for p in told["places"] if p["kind"] == "airport")
    assert airport["words"] == "needs the permit airport, which this plan does not obtain"


def test_a_permit_of_the_plan_says_from_when_it_opens_a_link() -> None:
    plan, catalogue = fake_plan(services=services()), fake_catalogue()
    city = next(c for c in plan.cities if c.city == "london")
    step = city.deployments[0].permits[2]
    link = catalogue.cities["london"].crossings[1]
    wanted = type(link)(**{f: getattr(link, f) for f in link.__slots__} | {"permit": step.permit})
    said = crossing_words(wanted, city, catalogue)
    assert "Wayve + Ford has it from Sep 2027" in said
    assert "No trip of this plan goes over it" in said


def test_a_gateway_without_a_permit_needs_none() -> None:
    plan, catalogue = fake_plan(services=services()), fake_catalogue()
    station = next(g for g in catalogue.cities["london"].gateways if g.kind == "station")
    assert gateway_words(station, plan.cities[1], catalogue) == "no permit of its own needed"


def test_breaks_are_round_and_rise() -> None:
    found = breaks(services()["london"])
    assert found == sorted(set(found))
    assert all(ground_module.round_figure(b) == b for b in found)


def test_long_names_are_cut_at_a_word() -> None:
    place = type(ranked_places(fake_catalogue().cities["london"])[0])
    assert place(0, 0, "Hong Kong International Airport", "airport", 1).short == "Hong Kong International…"


def test_the_address_answers_small_and_unchanged(live: Running) -> None:
    plan = live.made()
    path = f"/plans/{plan}/cities/zurich/ground.json"
    first = live.client.get(path)
    assert first.status_code == 200
    assert first.headers["content-encoding"] == "gzip"
    assert first.json()["name"] == "Zurich"
    again = live.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_a_city_of_another_plan_has_no_ground(live: Running) -> None:
    answered = live.client.get(f"/plans/{live.made()}/cities/madrid/ground.json")
    assert answered.status_code == 404
    assert answered.json()["code"] == "city-not-found"


def test_a_plan_without_an_answer_has_no_ground(tmp_path: Path) -> None:
    with running(tmp_path, outcome="infeasible") as service:
        plan = service.post()
        assert service.client.get(f"/plans/{plan}/cities/zurich/ground.json").status_code == 409
