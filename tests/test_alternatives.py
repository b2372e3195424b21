"""Alternatives on the small world: against every set of places planned alone, and what is said of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from fleetplan.alternatives.answer import Asked, Chain, alternatives, asked_of, slack_usd
from fleetplan.alternatives.search import find_alternatives
from fleetplan.alternatives.structure import key_of, opens, pinned
from fleetplan.errors import InfeasibleError, RequestError
from fleetplan.plans.deployments import deployments_of
from fleetplan.plans.types import Plan
from fleetplan.reruns.rerun import apply_patch
from tests.test_optimize import WORLD
from tests.test_rerun import EXACTLY, HERE, SERVICES, planned

SHORT: dict[str, Any] = {
    "horizon": {"start": "2027-01", "months": 18, "single_months": 0},
    "capital": {"per_quarter_usd": 8e6},
    "deployments": {"remove": [{"stack": "beta", "city": "aston"}]},
}
PAIRS = (("alpha", "aston"), ("beta", "belport"))
Places = frozenset[tuple[str, str]]


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


@pytest.fixture(scope="module")
def chain() -> Chain:
    """Every set of places beside that of the best plan, best first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
        best = planned(SHORT)
        return find_alternatives(best, Asked(20, None, "places"), EXACTLY, HERE)


def places(plan: Plan) -> Places:
    return frozenset((one.stack, one.city) for one in opens(plan))


def alone(chosen: tuple[tuple[str, str], ...]) -> Plan | None:
    """Return the best plan with just these places, without the constraint that alternatives are found by."""
    entries = [
        {"id": f"{stack}-{city}", "type": "force_deployment" if (stack, city) in chosen else "forbid_deployment"}
        | {"stack": stack, "city": city}
        for stack, city in PAIRS
    ]
    try:
        return planned({**SHORT, "constraints": entries})
    except InfeasibleError:
        return None


@pytest.fixture(scope="module")
def enumerated() -> Mapping[Places, float]:
    """The worth of the best plan of every set of places that can be had."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
        sets = itertools.chain.from_iterable(itertools.combinations(PAIRS, k) for k in range(3))
        return {frozenset(chosen): plan.objective for chosen in sets if (plan := alone(chosen)) is not None}


def test_alternatives_are_the_sets_of_places_in_the_order_of_their_worth(
    chain: Chain, enumerated: Mapping[Places, float]
) -> None:
    found = [chain.best, *chain.found]
    assert {places(plan) for plan in found} == set(enumerated)
    for plan in found:
        assert plan.objective == pytest.approx(enumerated[places(plan)], rel=1e-4, abs=200)
    assert all(one.objective >= two.objective - 200 for one, two in itertools.pairwise(found))
    assert all(one.bound >= two.objective - 1 for one, two in itertools.pairwise(found))
    assert chain.none_left
    assert chain.ended == "proven"


def test_each_is_told_with_its_band_its_strengths_and_patches_that_ask_for_it(chain: Chain) -> None:
    told = alternatives(chain, WORLD)
    assert [one.rank for one in told.others] == list(range(1, len(told.others) + 1))
    assert told.none_left
    assert told.nearest is None
    for one in told.others:
        assert one.least_usd - 1 <= one.cost_usd <= one.most_usd + 1
        assert one.sentences[0].startswith("Worth $")
        assert {move.kind for move in one.moves} <= {"launch"}
    cheap = next(one for one in told.others if any(s.kind == "capital" for s in one.strengths))
    strength = next(s for s in cheap.strengths if s.kind == "capital")
    assert strength.here == cheap.capital_usd < strength.best == chain.best.kpis.capital_usd
    assert any("less capital" in sentence for sentence in cheap.sentences)
    assert "These are all: no plan of yet another structure keeps the rules." in told.sentences


def test_the_pins_of_an_alternative_ask_for_its_launches_and_no_others(chain: Chain) -> None:
    second = chain.found[1]
    patch = pinned(chain.best, second, WORLD)
    again = planned(apply_patch(chain.best.request.model_dump(mode="json"), patch))
    assert key_of(again, "launches") == key_of(second, "launches")
    assert again.objective == pytest.approx(second.objective, rel=1e-4, abs=200)


def test_the_core_is_what_all_of_them_share(chain: Chain) -> None:
    near = Chain(chain.best, Asked(20, 0.6 * chain.best.objective, "places"), chain.found[:2])
    told = alternatives(near, WORLD)
    every = [chain.best, *(chain.found[k] for k in near.ranked if near.near(chain.found[k]))]
    assert told.core.plans == len(every) == len(told.others) + 1
    assert {(one.stack, one.city) for one in told.core.launches} == frozenset.intersection(*map(places, every))
    for one in told.core.launches:
        same = [deployments_of(plan)[f"{one.stack}@{one.city}"] for plan in every]
        assert (one.first, one.last) == (min(d.launch for d in same), max(d.launch for d in same))
        assert all(fleet <= min(d.vehicles[-1] for d in same) for year, fleet in one.vehicles.items() if year == "2028")
    assert any(sentence.startswith(f"In all {len(every)} plans ") for sentence in told.sentences)


def test_the_search_ends_with_the_first_that_is_too_far_and_says_whether_that_is_proven(chain: Chain) -> None:
    best, first = chain.best, chain.found[0]
    slack = (best.objective - first.objective) / 2
    proven = Chain(best, Asked(5, slack), [first])
    assert (proven.over, proven.ended) == (True, "proven")
    told = alternatives(proven, WORLD)
    assert (told.others, told.nearest is not None, told.none_left) == ([], True, False)
    assert told.sentences[0].startswith("No other plan within $")
    assert "is proven" in told.sentences[1]
    open_bound = first.model_copy(update={"bound": best.objective})
    searched = Chain(best, Asked(5, slack), [open_bound])
    assert searched.ended == "searched"
    assert "not proven" in alternatives(searched, WORLD).sentences[1]
    assert Chain(best, Asked(1, None), [first]).ended == "enough"
    assert Chain(best, Asked(2, None), [first]).ended == "unknown"
    assert Chain(best, Asked(2, None), [first], cut_short=True).over
    assert "The search is not over" in " ".join(alternatives(Chain(best, Asked(2, None), [first]), WORLD).sentences)


def test_what_may_be_given_up_is_a_share_or_money_and_near_nothing_money_alone(chain: Chain) -> None:
    assert slack_usd("5%", 200e6) == 10e6
    assert slack_usd("$2.5 M", 0.0) == 2.5e6
    assert slack_usd("any", 0.0) is None
    assert slack_usd("5%", 10.0, usual=True) == 1e6
    for wrong in ("5%", "much"):
        with pytest.raises(RequestError):
            slack_usd(wrong, 10.0)
    with pytest.raises(RequestError) as error:
        asked_of(chain.best, WORLD, 0, "much", "launches", "nowhere")
    assert {fault.where for fault in error.value.faults} == {"/count", "/city", "/within"}
    with pytest.raises(RequestError):
        asked_of(chain.best.model_copy(update={"cities": []}), WORLD, 1, None, "launches", "aston")
    usual, city = (asked_of(chain.best, WORLD, 5, None, "launches", where) for where in ("", "Aston"))
    assert usual.slack_usd == pytest.approx(0.05 * chain.best.objective)
    assert (city.slack_usd, city.city) == (None, "aston")


def test_plans_for_one_city_differ_there_in_partner_quarter_or_widest_area(chain: Chain) -> None:
    asked = Asked(2, None, "launches", "belport")
    found = find_alternatives(chain.best, asked, EXACTLY, HERE)
    keys = [key_of(plan, "launches", "belport") for plan in (found.best, *found.found)]
    assert len(set(keys)) == 3
    told = alternatives(found, WORLD)
    assert told.ended == "enough"
    assert "in who opens in Belport, in which quarter, and in how wide the area gets" in told.sentences[0]
    assert all(entry["city"] == "belport" for entry in told.others[0].patch["constraints"].values())
    pins = told.others[0].pins
    again = planned(apply_patch(chain.best.request.model_dump(mode="json"), pins))
    first = found.found[found.ranked[0]]
    assert key_of(again, "launches", "belport") == key_of(first, "launches", "belport")
