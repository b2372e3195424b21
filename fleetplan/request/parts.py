"""Parts that a request uses in several places: a stack in a city, another value for a figure."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from fleetplan.request.values import NO_TRUTH, FigureKey, Model, Name, refusal


class StackInCity(Model):
    """A stack in a city."""

    stack: Name = Field(examples=["weride-gxr"])
    city: Name = Field(examples=["zurich"])


class FigureOverride(Model):
    """Another value for a figure of the catalogue; the plan names it as the request's own."""

    figure: FigureKey = Field(examples=["zurich/city.toml#market.mean_fare_local"])
    value: Annotated[float, Field(allow_inf_nan=False), NO_TRUTH] | None = None
    values: list[Annotated[float, Field(allow_inf_nan=False), NO_TRUTH]] | None = None
    factor: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False), NO_TRUTH] | None = Field(
        default=None, description="multiplies the catalogue's value instead of replacing it"
    )
    why: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _one_of(self) -> FigureOverride:
        given = [key for key in ("value", "values", "factor") if getattr(self, key) is not None]
        if len(given) != 1:
            what = f"holds {' and '.join(given)}" if given else "says no value"
            remedy = "keep one of them" if given else "add value: with a number"
            refused = refusal(what, "exactly one of value, values, factor", remedy)
            raise refused
        return self
