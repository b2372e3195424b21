"""One plan in the browser: in the making, ended without a plan, and its review."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from html import unescape
from itertools import combinations
from typing import Any

import pytest

from api.pages.ended_view import ended
from fleetplan.catalogue import load_catalogue
from fleetplan.explain import answers, doubts
from fleetplan.explain.constraints import constraint_outcomes
from fleetplan.facts import Binding, CityOutcome, Conflict, Kept, Party, PermitLimit, PermitWait
from fleetplan.plans.types import Plan
from fleetplan.report import world
from fleetplan.request import parse_request
from fleetplan.words.phases import STEPS
from fleetplan.words.values import PHASE_NAMES
from tests.api_support import BODY, Running, answer, running

PLAN = Plan.model_validate_json(answer())
NO_STACK = CityOutcome(kind="not_admitted", sentence="No stack.")
HOSTILE = "<script>alert(1)</script>"
CONSTRAINTS: list[dict[str, Any]] = [
    {"id": "teams", "type": "launches_per_quarter", "max": 1},
    {"id": "munich-by-summer", "type": "launch_by", "city": "munich", "month": "2027-06"},
    {"id": "all-at-once", "type": "markets_live", "count": 14, "by": "2027-12", "include_existing": True},
]
IN_TIME = PermitLimit(by="2027-12", in_time=["munich", "zurich"], live_elsewhere=6)
TOO_MANY = Conflict(
    parties=[
        Party(kind="capital"),
        Party(kind="constraint", constraint="all-at-once", type="markets_live", permits=IN_TIME),
    ],
    sentence="Cannot be kept together.",
)
LATE = PermitLimit(by="2027-06", earliest="2027-12")
TOO_SOON = Conflict(
    parties=[Party(kind="constraint", constraint="munich-by-summer", type="launch_by", city="munich", permits=LATE)],
    sentence="Cannot be kept.",
)


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("review")) as started:
        yield started


def page_of(service: Running, plan: str, key: dict[str, str] | None = None) -> str:
    answered = service.client.get(f"/plans/{plan}", headers={"Accept": "text/html", **(key or {})})
    assert answered.status_code == 200, answered.text
    return answered.text


def text_of(page: str) -> str:
    """Return what a person reads of a page."""
    bare = re.sub(r"<[^>]+>", " ", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL))
    return re.sub(r"\s+", " ", unescape(bare))


def posted(service: Running, **changed: Any) -> str:
    return service.post({"request": {**BODY["request"], **changed}})


def ended_as(service: Running, plan: str, state: Any, **told: Any) -> str:
    service.runner.begin(plan)
    service.store.finish(plan, state, **told)
    return plan


def reviewed(service: Running, made: Plan, **changed: Any) -> str:
    return page_of(
        service, ended_as(service, posted(service, **changed), "succeeded", answer=made.model_dump_json().encode())
    )


@pytest.fixture(scope="module")
def page(service: Running) -> str:
    return page_of(service, service.made())


# --- the review ---------------------------------------------------------------------------------------------------------


def test_the_review_says_what_where_when_and_for_how_much(page: str):
    text = text_of(page)
    assert "Open 3 of 4 cities" in text
    assert "San Francisco Bay Area first, with Lucid + Nuro in Apr 2027" in text
    for name in ("London", "Zurich", "Munich", "Wayve + Ford", "NVIDIA Hyperion"):
        assert name in text
    assert "No plan under the same rules and figures can be worth more than $334.5 M" in text
    assert not re.search(r"\b20\d\d-(0[1-9]|1[0-2])\b", re.sub(r"\d\d\d\d-\d\d-\d\d", "", text))


def test_every_section_can_be_reached_from_the_navigation(page: str):
    named = re.findall(r'href="#([a-z-]+)"', page.partition('class="contents"')[2].partition("</nav>")[0])
    assert len(named) == len(set(named)) >= 12
    assert {"binds", "thresholds"} <= set(named)
    assert all(f'id="{name}"' in page for name in named)


def test_the_map_and_its_list_name_the_same_cities(page: str):
    drawn = page.partition('class="world"')[2].partition("</figure>")[0]
    listed = page.partition('class="stops"')[2].partition("</ol>")[0]
    for city in ("bay-area", "london", "zurich", "munich"):
        assert f"/cities/{city}" in drawn
        assert f"/cities/{city}" in listed
    assert "stays out" in text_of(drawn)
    assert "the EU type approval comes in Aug 2029" in text_of(listed)
    assert "Natural Earth" in drawn


def test_launches_carry_months_ranges_areas_and_value(page: str):
    table = text_of(page.partition('id="launch-table"')[2].partition("</table>")[0])
    assert re.search(r"London Wayve \+ Ford own and license Feb 2027 Sep 2027", table)
    assert "at first" in table
    assert "/tables/launches.csv" in page


def test_each_deployment_unfolds_its_permits(page: str):
    assert page.count('<details class="steps">') == 4
    assert "Driver-out test" in page


def test_what_binds_is_grouped_and_priced_once(page: str):
    text = text_of(page.partition('id="binds"')[2].partition('id="asked"')[0])
    assert "Vehicles that can be had" in text
    assert "Lucid + Nuro: at most 2,000 vehicles can be had in Dec 2027. made up $41.0 k a vehicle" in text
    assert "Constraints of this request" in text


def test_the_proof_is_told_to_laymen_and_hashes_are_folded(page: str):
    proof = page.partition('id="proof"')[2]
    assert "it proved a ceiling" in text_of(proof)
    assert "a" * 64 in proof.partition('<details id="certificate">')[2].partition("</details>")[0]


def test_figures_leant_on_link_to_the_catalogue(page: str):
    told = page.partition('id="confidence"')[2].partition('id="proof"')[0]
    assert 'href="/catalogue/figures?key=zurich/city.toml%23market.platform_share"' in told
    assert 'href="/catalogue/figures?confidence=assumed&amp;city=zurich"' in told


def test_figures_of_the_request_are_marked(service: Running):
    figure = "zurich/city.toml#market.platform_share"
    overrides = [{"figure": figure, "value": 0.5, "why": f"our own count {HOSTILE}"}]
    asked = parse_request({**BODY["request"], "overrides": overrides})
    own = [f.model_copy(update={"source": "the request"}) for f in PLAN.cities[3].doubtful_figures]
    cities = [*PLAN.cities[:3], PLAN.cities[3].model_copy(update={"doubtful_figures": own})]
    told = reviewed(service, PLAN.model_copy(update={"request": asked, "cities": cities}))
    assert "Set by this request" in told
    assert "set by this request</span>" in told
    assert "our own count <script>" in unescape(told)
    assert HOSTILE not in told


def test_names_with_markup_appear_as_text(service: Running):
    city = PLAN.cities[1].model_copy(
        update={"name": HOSTILE, "outcome": CityOutcome(kind="opens", sentence=f"because {HOSTILE}")}
    )
    cities = [PLAN.cities[0], city, *PLAN.cities[2:]]
    told = reviewed(service, PLAN.model_copy(update={"name": HOSTILE, "cities": cities}), name=HOSTILE)
    assert HOSTILE not in told
    assert told.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 6


def test_links_lead_on(service: Running):
    plan = service.made()
    told = page_of(service, plan)
    for address in (f"/plans/{plan}/rerun", f"/plans/new?from={plan}", f"/v1/plans/{plan}/export?format=html"):
        assert f'href="{address}"' in told
    for form in ("xlsx", "gpkg", "json"):
        assert f"export?format={form}" in told


def test_a_rerun_names_its_parent_what_changed_and_can_be_compared(service: Running):
    parent = service.made()
    body = {"patch": {"capital": {"per_quarter_usd": 100e6}}, "options": {"freeze_until": "2027-09"}}
    rerun = service.client.post(f"/v1/plans/{parent}/reruns", json=body).json()["id"]
    service.runner.end(rerun, "cheaper")
    told = page_of(service, rerun)
    assert f'href="/plans/{parent}"' in told
    assert f'href="/plans/{rerun}/comparison"' in told
    assert "Decisions of the earlier plan before Sep 2027 stay." in text_of(told)
    above = page_of(service, parent)
    assert f'href="/plans/{parent}/comparison?with={rerun}"' in above
    assert "apital" in text_of(above.partition("Made from it")[2])


def test_a_plan_stopped_by_hand_says_so(service: Running):
    told = reviewed(service, PLAN.model_copy(update={"status": "stopped"}))
    assert "The search was stopped by hand." in text_of(told)


def test_a_plan_that_ran_out_of_time_says_what_was_asked_and_proven(service: Running):
    told = text_of(reviewed(service, PLAN.model_copy(update={"status": "time_limit"})))
    assert (
        "The time limit of 2 min came before the gap of 1 % that was asked for was proven; 0.80 % ($2.65 M) is left open."
        in told
    )


def test_a_plan_that_opens_nothing_is_reviewed_all_the_same(service: Running):
    cities = [
        c.model_copy(update={"deployments": [], "launch": None, "outcome": NO_STACK, "binds": []}) for c in PLAN.cities
    ]
    kpis = PLAN.kpis.model_copy(update={"cities_live": 0, "vehicles_end": 0, "trips_per_vehicle_day_end": None})
    told = text_of(reviewed(service, PLAN.model_copy(update={"cities": cities, "kpis": kpis, "binds": []})))
    assert "No city is worth opening under this request" in told
    assert "No limit has a local price" in told
    assert "The plan opens nothing, so it leans on no figure." in told
    assert "Questions people ask" not in told


# --- questions ------------------------------------------------------------------------------------------------------------


def test_questions_are_answered_from_the_plan():
    found = {a.key: " ".join(a.sentences) for a in answers.answers(PLAN)}
    assert "opens there in Apr 2027" in found["why"]
    assert "Widest apart is" in found["late-permit"]
    assert "a quarter later" in found["late-money"]
    assert "another plan could be worth at most 0.80 % ($2.65 M) more" in found["how-sure"]


def test_a_budget_with_room_survives_late_money():
    rich = PLAN.model_copy(update={"capital_usd": [0.0] * len(PLAN.periods)})
    found = {a.key: " ".join(a.sentences) for a in answers.answers(rich)}
    assert "this plan could still be paid as it stands" in found["late-money"]


def test_the_first_launch_is_explained_by_its_permit():
    wait = PermitWait(permit="p", title="Paid rides", authority="-", in_hand="2027-04", begun="2027-01")
    bind = Binding(
        rule="permit_path",
        kind="law",
        city="bay-area",
        stack="lucid-nuro-gravity",
        period="2027-04",
        permit=wait,
        source="",
        sentence="It waits for a permit.",
    )
    found = answers.answers(PLAN.model_copy(update={"binds": [bind]}))[0]
    assert found.question == "Why is San Francisco Bay Area first?"
    assert found.sentences[0] == "It waits for a permit."
    assert found.sentences[1] == "1 of 4 openings comes as soon as the permit is in hand."


def test_the_first_half_year_says_what_to_begin():
    steps = dict(answers.first_steps(PLAN))
    assert "Begin permits and tests of Wayve + Ford in London" in [s.text for s in steps["2027-02"]]
    assert any(s.text.startswith("Order the depot South yard") for s in steps["2027-01"])
    assert max(steps) < "2027-07"


# --- constraints ------------------------------------------------------------------------------------------------------------


def stands(*constraints: dict[str, Any], plan: Plan = PLAN) -> dict[str, tuple[str, str]]:
    asked = parse_request({"name": "x", "capital": {"per_quarter_usd": 125e6}, "constraints": list(constraints)})
    found = constraint_outcomes(plan.model_copy(update={"request": asked}), load_catalogue())
    return {s.id: (s.tightness, s.told) for s in found}


def test_constraints_say_what_the_plan_does_about_them():
    found = stands(
        {"id": "a", "type": "launches_per_quarter", "max": 1},
        {"id": "b", "type": "stacks_per_city", "max": 3},
        {"id": "c", "type": "launch_by", "city": "london", "month": "2028-12"},
        {"id": "d", "type": "launch_not_before", "city": "london", "month": "2027-09"},
        {"id": "e", "type": "fleet_cap", "vehicles": 100_000},
        {"id": "f", "type": "permit_delay", "city": "munich", "months": 3},
        {"id": "g", "type": "forbid_deployment", "city": "munich", "stack": "weride-gxr"},
        {"id": "h", "type": "service_level", "max_wait_min": 30},
        {"id": "i", "type": "partner_share", "partner": "Lucid + Nuro", "max_share": 1.0},
    )
    assert found["a"][0] == "limit"
    assert found["a"][1].startswith("Reached in")
    assert found["b"] == ("room", "No city has so many.")
    assert found["c"] == ("room", "It is open to paying riders from Sep 2027.")
    assert found["d"] == ("limit", "It opens in Sep 2027.")
    assert found["e"][0] == "room"
    assert found["f"] == ("given", "The plan is made on this assumption.")
    assert found["g"] == ("kept", "It does not open.")
    assert "The longest mean wait is" in found["h"][1]
    assert "Lucid + Nuro has at most" in found["i"][1]


def test_a_window_within_a_quarter_is_told_by_that_quarter():
    fleets = [sum(d.vehicles[16] for part in PLAN.cities for d in part.deployments), PLAN.periods[16]]
    found = stands(
        {"id": "inside", "type": "fleet_cap", "vehicles": 100_000, "start": "2029-02", "end": "2029-03"},
        {"id": "beyond", "type": "fleet_cap", "vehicles": 5, "start": "2099-02"},
        {"id": "by", "type": "launch_by", "city": "zurich", "month": "2028-05"},
    )
    assert fleets[1] == "2029-01"
    held = "Vehicles stand still within a period: it holds from Jan 2029 to Mar 2029."
    assert found["inside"] == ("room", f"The largest fleet is {fleets[0]:,} vehicles, in Jan 2029. {held}")
    assert found["beyond"] == ("given", "The horizon holds no month of its window.")
    assert found["by"] == ("limit", "It is open to paying riders from Apr 2028.")


def test_a_constraint_with_a_price_holds_the_plan_back():
    bind = Binding(
        rule="fleet_cap",
        kind="target",
        constraint="cap",
        period="2030-10",
        price_usd=900.0,
        unit="vehicle",
        source="the request",
    )
    found = stands({"id": "cap", "type": "fleet_cap", "vehicles": 10}, plan=PLAN.model_copy(update={"binds": [bind]}))
    assert found["cap"][0] == "binds"


def test_every_kind_of_constraint_can_be_told(service: Running):
    every: list[dict[str, Any]] = [
        {"id": "1", "type": "markets_live", "count": 2, "by": "2029-12", "include_existing": True},
        {"id": "2", "type": "launch_fixed", "city": "london", "stack": "wayve-ford-mach-e", "month": "2027-09"},
        {"id": "3", "type": "force_deployment", "city": "zurich", "stack": "weride-gxr"},
        {"id": "4", "type": "fleet_floor", "vehicles": 1, "start": "2029-01"},
        {"id": "5", "type": "event_date", "event": "uk-av-act-full", "month": "2028-01"},
        {"id": "6", "type": "supply_change", "stack": "weride-gxr", "factor": 0.5},
        {"id": "7", "type": "minimum_trips", "trips_per_day": 10, "start": "2029-01"},
    ]
    found = stands(*every)
    assert set(found) == {c["id"] for c in every}
    assert all(told for _, told in found.values())


# --- the map ------------------------------------------------------------------------------------------------------------------


def test_the_projection_keeps_areas():
    def area(lat: float) -> float:
        middle = [world.equal_earth(lon, lat + 0.5)[0] for lon in (0, 1)]
        return (middle[1] - middle[0]) * (world.equal_earth(0, lat + 1)[1] - world.equal_earth(0, lat)[1])

    for lat in (20, 40, 60):
        shrunk = math.cos(math.radians(lat + 0.5)) / math.cos(math.radians(0.5))
        assert area(lat) / area(0) == pytest.approx(shrunk, rel=1e-4)
    assert world.equal_earth(0, 0) == (0, 0)


CITIES = [
    ("London", 51.5, -0.1, 2716),
    ("Zurich", 47.4, 8.5, 85),
    ("Munich", 48.1, 11.6, 580),
    ("Madrid", 40.4, -3.7, 950),
    ("San Francisco Bay Area", 37.8, -122.4, 2193),
    ("Los Angeles", 34.0, -118.2, 2289),
    ("Houston", 29.8, -95.4, 969),
    ("Hong Kong", 22.3, 114.2, 0),
]


def test_labels_on_the_map_keep_clear_of_one_another_and_of_the_edge():
    drawn = world.world_map([world.Place(n, a, o, s, "y0", (n, "May 2027")) for n, a, o, s in CITIES])
    boxes = []
    for spot in drawn.spots:
        width = 6.2 * max(map(len, spot.place.label))
        left = spot.label_x - {"start": 0, "middle": width / 2, "end": width}[spot.anchor]
        boxes.append((left, spot.label_y - 10, left + width, spot.label_y + 16))
        assert 0 <= left <= left + width <= drawn.width
        assert spot.label_y >= 10
        assert spot.label_y + 16 <= drawn.height
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_one_city_is_drawn_with_its_surroundings():
    drawn = world.world_map([world.Place("zurich", 47.4, 8.5, 10, "y0", ("Zurich", "May 2027"))])
    assert 1.8 < drawn.width / drawn.height < 3
    assert drawn.land.startswith("M")


# --- in the making ------------------------------------------------------------------------------------------------------------


def live_of(page: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.partition('id="live">')[2].partition("</script>")[0])
    return found


def test_a_plan_that_waits_says_its_turn(service: Running):
    first, second = posted(service, name="first"), posted(service, name=f"second {HOSTILE}")
    told = page_of(service, second)
    assert "Waiting for its turn" in told
    assert live_of(told)["turn"]["ahead"] >= 1
    assert HOSTILE not in told
    assert service.client.get(f"/pages/plans/{first}/turn").json()["state"] == "queued"
    for plan in (first, second):
        service.runner.end(plan)


def test_a_plan_in_the_making_shows_steps_limits_and_what_was_asked(service: Running):
    plan = posted(service, constraints=CONSTRAINTS[:1])
    service.runner.begin(plan)
    told = page_of(service, plan)
    text = text_of(told)
    assert "Where to launch among" in text
    assert "At most 1 launch a quarter." in text
    assert "asked for: 1 %" in text
    assert "of 2 min at most" in text
    assert "Proving" in text
    assert "Starting from the earlier plan" not in text
    assert live_of(told)["search_s"] == 110
    service.runner.end(plan)
    assert "Open 3 of 4 cities" in text_of(page_of(service, plan))


def test_a_rerun_in_the_making_says_what_is_provisional(service: Running):
    parent = service.made()
    body = {"patch": {"capital": {"per_quarter_usd": 100e6}}}
    rerun = service.client.post(f"/v1/plans/{parent}/reruns", json=body).json()["id"]
    told = text_of(page_of(service, rerun))
    assert "Starting from the earlier plan" in told
    assert "provisional: from the earlier plan" in told
    assert "Made from test , with:" in told
    service.runner.end(rerun)


def test_who_may_only_read_is_offered_no_stop(tmp_path):
    with running(tmp_path) as service:
        reads, makes = (
            {"Authorization": f"Bearer {service.store.add_key(scope, [scope])}"} for scope in ("read", "plan")
        )
        made = service.client.post("/v1/plans", json=BODY, headers=makes).json()["id"]
        assert 'id="stop"' in page_of(service, made, makes)
        assert 'id="stop"' not in page_of(service, made, reads)


def test_every_phase_of_the_search_belongs_to_a_step():
    told = {phase for step in STEPS for phase in step.phases}
    assert set(PHASE_NAMES) - {"queued", "mending"} == told


# --- ended without a plan -----------------------------------------------------------------------------------------------------


def infeasible(service: Running, clashes: list[Conflict], **changed: Any) -> str:
    problem = {"code": "infeasible", "clashes": [c.model_dump() for c in clashes]}
    return ended_as(
        service,
        service.queued({**BODY["request"], "constraints": CONSTRAINTS, **changed}),
        "infeasible",
        problem=problem,
    )


def test_an_infeasible_request_is_a_finding_in_words(service: Running):
    plan = infeasible(service, [TOO_MANY, TOO_SOON])
    told = page_of(service, plan)
    text = text_of(told)
    assert "No plan keeps every rule of this request. 2 things stand in the way" in text
    assert "At least 14 markets paid by Dec 2027, those already live elsewhere included." in text
    assert "Permits allow 2 of the request's cities by then (Munich and Zurich); 6 markets are live elsewhere." in text
    assert "The capital budget." in text
    assert "Ask for Dec 2027 or later, or drop it." in text
    assert f'href="/plans/new?from={plan}"' in told
    assert "Not in the way These constraints of the request take no part in what was found. At most 1 launch" in text


def test_decisions_that_cannot_stay_are_told_with_what_they_were(service: Running):
    kept = Kept(what="deployment", until="2027-09", begun="2027-01", opens="2027-08", vehicles=40, earliest="2027-11")
    party = Party(kind="kept", city="munich", stack="weride-gxr", kept=kept)
    text = text_of(page_of(service, infeasible(service, [Conflict(parties=[party], sentence="It cannot stay.")])))
    assert (
        "WeRide in Munich with its programme begun in Jan 2027, its opening in Aug 2027 (permits now allow Nov 2027) and "
        "40 vehicles before Sep 2027." in text
    )
    assert "Decisions before Sep 2027 cannot stay under the changed request" in text
    assert "Keep fewer decisions" in text
    assert "Not in the way" not in text


def test_a_finding_of_an_earlier_version_is_shown_as_it_was_made(service: Running):
    said = "constraint 'teams' (launches_per_quarter: max 1) cannot be kept"
    problem = {"code": "infeasible", "clashes": [said]}
    asked = {**BODY["request"], "constraints": CONSTRAINTS}
    plan = ended_as(service, service.queued(asked), "infeasible", problem=problem)
    text = text_of(page_of(service, plan))
    assert "constraint 'teams' (launches_per_quarter: max 1) cannot be kept" in text
    assert "found by an earlier version" in text


def test_ids_of_constraints_cannot_become_markup(service: Running):
    hostile = [{**CONSTRAINTS[0], "id": HOSTILE}]
    party = Party(kind="constraint", constraint=HOSTILE, type="launches_per_quarter")
    problem = {"code": "infeasible", "clashes": [Conflict(parties=[party], sentence=HOSTILE).model_dump()]}
    plan = ended_as(service, posted(service, constraints=hostile), "infeasible", problem=problem)
    told = page_of(service, plan)
    assert HOSTILE not in told
    assert "&lt;script&gt;" in told
    row = service.store.get(plan)
    assert row is not None
    assert ended(service.service, row)["clashes"][0].parties[0].id == HOSTILE


def test_a_failure_tells_detail_remedy_and_places(service: Running):
    fault = {"message": "is no city", "pointer": "/request/cities/0", "allowed": "zurich", "remedy": "name a city"}
    problem = {
        "code": "bad-request",
        "title": "The request holds faults",
        "detail": "one fault",
        "remedy": "Mend every fault listed.",
        "errors": [fault],
    }
    plan = ended_as(service, posted(service), "failed", problem=problem)
    told = page_of(service, plan)
    text = text_of(told)
    for part in (
        "The request holds faults.",
        "One fault.",
        "Mend every fault listed.",
        "/request/cities/0",
        "is no city",
    ):
        assert part in text
    assert 'id="again"' in told
    call = json.loads(told.partition('id="call">')[2].partition("</script>")[0])
    assert service.client.post(call["href"], json=call["body"]).status_code == 202


def test_a_failure_that_says_little_is_told_all_the_same(service: Running):
    assert "The plan could not be made." in text_of(
        page_of(service, ended_as(service, posted(service), "failed", problem={"code": "solver"}))
    )


def test_a_plan_stopped_before_a_first_one_has_nothing_to_keep(service: Running):
    plan = posted(service)
    service.client.post(f"/v1/plans/{plan}/cancel")
    text = text_of(page_of(service, plan))
    assert "stopped before it had found a first plan" in text
    assert "Ask again" in text


def test_names_of_figures_are_words():
    assert doubts.title_of("zurich/city.toml#market.mean_fare_local")[0].isupper()


def test_forty_doubtful_figures_a_city_all_stand_in_the_confidence_table(service: Running):
    """Nothing is cut: each city and each partner that serves has its row, with every figure by name and counted."""
    catalogue = load_catalogue()
    data = json.loads(answer())
    for city in data["cities"]:
        stacks = {d["stack"] for d in city["deployments"]}
        own = [f.key for f in catalogue.cities[city["city"]].figures.values()]
        own = [*own, *own][:40]
        theirs = [
            f"partners/{stack}.toml#{what}" for stack in stacks for what in ("supply.placeable", "contract.upfront_usd")
        ]
        city["doubtful_figures"] = [
            {"key": key, "value": 1.0, "unit": "share", "source": "somebody", "confidence": "assumed"}
            for key in (*own, *theirs)
        ]
    made = Plan.model_validate(data)
    opened = [c for c in made.cities if c.deployments]
    page = reviewed(service, made, name="forty")
    section = page.partition('id="confidence"')[2].partition("</section>")[0]
    rows = re.findall(r'<tr><th scope="row">(.*?)<span>', section)
    partners = {d.stack: d.partner for c in opened for d in c.deployments}
    assert sorted(map(unescape, rows)) == sorted([*(c.name for c in opened), *partners.values()])
    assert {len(c.doubtful_figures) >= 40 for c in opened} == {True}
    for c in opened:
        for f in c.doubtful_figures:
            assert doubts.title_of(f.key) in unescape(section)
    listed = section.count('<span class="chip')
    assert listed == sum(len(e.figures) for e in doubts.evidence(made, partners)) >= 40 * len(opened)
