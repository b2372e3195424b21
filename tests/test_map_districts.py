"""Districts on a city's map: named where there is room, drawn where a published source draws them."""

from __future__ import annotations

from itertools import combinations

import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.report.map_svg import LETTER, Label
from fleetplan.report.place_svg import catalogue_map

CITIES = sorted(load_catalogue().cities)


def _span(label: Label) -> tuple[float, float]:
    return label.left, label.left + LETTER * len(label.text)


@pytest.mark.parametrize("slug", CITIES)
def test_districts_are_named_inside_the_map_and_clear_of_every_other_name(slug: str) -> None:
    labels = catalogue_map(load_catalogue().cities[slug]).labels
    named = [label for label in labels if label.css == "district"]
    assert len(named) >= 3
    for label in named:
        assert label.text
        assert not label.text[0].isdigit()
        assert "…" not in label.text
        assert _span(label)[0] > 0
        assert _span(label)[1] < 100
    for one, other in combinations(labels, 2):
        if "district" in {one.css, other.css}:
            (left, right), (other_left, other_right) = _span(one), _span(other)
            assert abs(one.top - other.top) > 4.4 or right < other_left or other_right < left


def test_borders_are_drawn_of_the_districts_that_a_source_draws() -> None:
    drawn = {slug: str(catalogue_map(load_catalogue().cities[slug]).svg) for slug in ("london", "munich")}
    assert drawn["london"].count('class="district"') == 33
    assert "<title>Camden</title>" in drawn["london"]
    assert 'class="district"' not in drawn["munich"]
