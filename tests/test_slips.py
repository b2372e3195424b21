"""How late promises come: classes from facts, months along paths, and the checker's own count of them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.law import DriverOut
from fleetplan.catalogue.types import Catalogue
from fleetplan.months import month_number
from fleetplan.permits.paths import CITY, permit_path
from fleetplan.permits.slips import Durations, event_slip, mode_slip, permit_slip, slip_class
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.permit_dates import dated
from fleetplan.request import parse_request
from tests.plan_builder import make_catalogue

BEGIN = month_number("2027-01")
WHICH: tuple[Durations, ...] = ("min", "promised", "median", "careful", "max")


@pytest.fixture(scope="module")
def real() -> Catalogue:
    return load_catalogue()


def slipping(kind: str = "nowhere", median: int = 3, p90: int = 7, law: tuple[int, int] = (0, 0)) -> Catalogue:
    """Return the made-up world in which a class of promises, and laws, come late."""
    world = make_catalogue()
    figures = {
        f"slip.{kind}_median": median,
        f"slip.{kind}_p90": p90,
        "slip.law_median": law[0],
        "slip.law_p90": law[1],
    }
    changed = {key: replace(world.assumptions[key], value=float(value)) for key, value in figures.items()}
    return replace(world, assumptions={**world.assumptions, **changed})


def finishes(world: Catalogue, stack: str, city: str, durations: Durations, start: int = BEGIN) -> dict[str, int]:
    path = permit_path(world, stack, city, horizon_start=BEGIN, durations=durations)
    return {p: t.finish for p, t in path.timings(dict.fromkeys([CITY, *path.wide], start)).items()}


# --- classes ---


@pytest.mark.parametrize(
    ("stack", "city", "expected"),
    [
        ("waymo-ojai", "los-angeles", "here"),  # same state
        ("waymo-ojai", "houston", "here"),  # same country, and Texas is permissive
        ("waymo-ojai", "london", "elsewhere"),
        ("weride-gxr", "madrid", "elsewhere"),
        (
            "zoox-pod",
            "los-angeles",
            "elsewhere",
        ),  # free rides in the state, paid ones in another: fares are a new legal route
        ("zoox-pod", "houston", "here"),
        ("lucid-nuro-gravity", "bay-area", "elsewhere"),
        ("wayve-ford-mach-e", "london", "nowhere"),
        ("momenta", "munich", "nowhere"),
    ],
)
def test_the_class_of_a_stack_in_a_city_follows_from_where_it_runs_without_a_driver(
    real: Catalogue, stack: str, city: str, expected: str
):
    assert slip_class(real, stack, city) == expected


def test_a_pilot_is_never_later_than_the_stacks_own_class(real: Catalogue):
    assert mode_slip(real, "waymo-ojai", "houston", operator=True).kind == "here"
    assert mode_slip(real, "momenta", "munich", operator=True).kind == "pilot"


def test_paid_service_in_the_country_is_here_only_under_a_permissive_law(real: Catalogue):
    laws = {slug: replace(law, permissive=False) for slug, law in real.jurisdictions.items()}
    assert slip_class(replace(real, jurisdictions=laws), "waymo-ojai", "houston") == "elsewhere"


def test_every_figure_of_a_class_rises_from_the_median_to_nine_in_ten(real: Catalogue):
    for kind in ("here", "elsewhere", "nowhere", "law", "pilot"):
        assert real.assumptions[f"slip.{kind}_median"].value <= real.assumptions[f"slip.{kind}_p90"].value


# --- months ---


def test_promised_months_have_no_slip_and_careful_ones_more_than_the_median():
    world = slipping()
    promised, median, careful = (finishes(world, "beta", "belport", which)["b-out"] for which in WHICH[1:4])
    assert (median - promised, careful - promised) == (3, 7)


def test_of_judged_months_only_what_a_newcomer_does_not_have_is_added(real: Catalogue):
    aps = real.jurisdictions["london"].permits["london-aps"]
    assert aps.months_are == "judged"
    assert permit_slip(real, "baidu-rt6", "london", aps, "median") == 0
    assert permit_slip(real, "wayve-ford-mach-e", "london", aps, "median") == 14
    assert permit_slip(real, "baidu-rt6", "london", aps, "careful") == 18
    own = replace(aps, months_are="promised")
    assert permit_slip(real, "baidu-rt6", "london", own, "median") == 6


def test_a_law_with_a_date_of_the_regulators_own_slips_and_a_judged_one_only_beyond_the_median(real: Catalogue):
    assert event_slip(real, real.event("uk-av-act-full"), "median") == 9
    assert event_slip(real, real.event("hk-paid-av-licensing"), "median") == 0
    assert event_slip(real, real.event("hk-paid-av-licensing"), "careful") == 15


def test_a_law_that_has_come_keeps_its_month(real: Catalogue):
    """Zoox's exemption was granted in July 2026: from the start of 2027 nothing waits for it, however careful a plan is."""
    granted = real.event("us-part-555-decision")
    assert (granted.earliest, granted.latest) == ("2026-07", "2026-07")
    for which in WHICH:
        assert event_slip(real, granted, which) == 0
        assert finishes(real, "zoox-pod", "los-angeles", which)["us-fmvss-exemption"] == BEGIN


def test_slips_along_a_path_run_side_by_side():
    """Aston's driver-out waits for its law and has a slip of its own: the later of the two counts, not their sum."""
    worlds = (
        slipping(median=0, p90=0),
        slipping(median=0, p90=0, law=(4, 4)),
        slipping(median=4, p90=4),
        slipping(median=4, p90=4, law=(4, 4)),
    )
    plain, by_law, by_own, both = (finishes(world, "alpha", "aston", "median")["a-out"] for world in worlds)
    assert (by_law - plain, by_own - plain, both - plain) == (4, 4, 4)


def test_what_follows_a_late_permit_comes_later_too():
    world, plain = slipping(), slipping(median=0, p90=0)
    late = finishes(world, "alpha", "aston", "median")["a-area"] - finishes(plain, "alpha", "aston", "median")["a-area"]
    assert late == 3


def test_the_old_word_likely_is_read_as_promised():
    asked = parse_request({"capital": {"per_quarter_usd": 1e6}, "permit_durations": "likely"})
    assert asked.permit_durations == "promised"
    assert parse_request({"capital": {"per_quarter_usd": 1e6}}).permit_durations == "median"


def test_the_checker_dates_every_permit_of_every_stack_in_every_city_alike(real: Catalogue):
    for which in WHICH:
        request = parse_request({"capital": {"per_quarter_usd": 1e6}, "permit_durations": which})
        case = Case(cast("Any", SimpleNamespace(request=request)), real, {})
        for stack, city in real.deployments:
            own = finishes(real, stack, city, which)
            found = dated(case, (stack, city), lambda _: BEGIN, asked=True)
            held = {h.permit for h in real.stacks[stack].holds if h.state == "held"}
            assert {p: t.finish for p, t in found.items() if p not in held} == {
                p: month for p, month in own.items() if p not in held
            }, (which, stack, city)


def test_a_stack_that_starts_to_run_somewhere_is_promised_more_surely(real: Catalogue):
    there = DriverOut("Oslo", "NO", "", "2026-10", "paid", "made up", "assumed")
    stacks = {**real.stacks, "momenta": replace(real.stacks["momenta"], driver_out=(there,))}
    assert slip_class(replace(real, stacks=stacks), "momenta", "munich") == "elsewhere"
