"""A weak figure is told as the checker reads it, to the last digit kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fleetplan.plans.check.told import _figure, _use
from fleetplan.plans.outcomes import doubtful_figures


@pytest.mark.parametrize("value", [0.0456035, 0.0969635, 1e-7])
def test_a_figure_that_ends_in_a_half_is_rounded_once_and_alike(value: float):
    figure = SimpleNamespace(key="x/city.toml#a", value=value, unit="share", source="s", confidence="assumed")
    catalogue = SimpleNamespace(cities={"x": SimpleNamespace(figures={"a": figure})}, stacks={})
    instance: Any = SimpleNamespace(scope=SimpleNamespace(catalogue=catalogue))
    shown: Any = figure
    assert [_use(told) for told in doubtful_figures(instance, "x", [])] == [_figure(shown)]
