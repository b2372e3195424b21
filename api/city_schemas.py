"""The shapes of what is sent and answered where a city is begun from files."""

from __future__ import annotations

from pydantic import Field

from api.schemas import Answer, Body


class Upload(Body):
    """A file as it is sent: its name, and what it holds in base64."""

    name: str = Field(min_length=1, max_length=200)
    content: str = Field(description="base64")


class NewCityAsked(Body):
    """A city to begin: its districts, where its people are, and where in the world it lies."""

    name: str = Field(min_length=1, max_length=80)
    districts: list[Upload] = Field(
        min_length=1,
        max_length=8,
        description="GeoJSON, GeoPackage, or the parts of a Shapefile (.shp, .shx, .dbf, .prj, .cpg)",
    )
    population: Upload | None = Field(
        default=None,
        description="a table with columns district, population or h3, population: CSV, gzipped CSV or Parquet",
    )
    people: int | None = Field(
        default=None,
        ge=1,
        le=100_000_000,
        description="people of the whole city, where nothing says who lives where: laid out evenly, a default",
    )
    population_year: int | None = Field(default=None, ge=1900, le=2100, description="year the people are of")
    population_source: str = Field(default="", max_length=500, description="who published the people, and where")
    districts_source: str = Field(default="", max_length=500, description="who published the districts, and where")
    names: str | None = Field(default=None, max_length=200, description="column of the districts with their names")
    layer: str | None = Field(default=None, max_length=200)
    country: str | None = Field(default=None, max_length=80, description="two letters, ISO 3166, or the English name")
    like: str | None = Field(default=None, max_length=80, description="city whose law is copied; none: a template")
    laws: list[str] = Field(default=[], max_length=8, description="laws of the catalogue that hold there as they are")
    keep: bool = Field(default=False, description="add it to the service's catalogue, where the service may")


class ToFill(Answer):
    """What a person has to fill in before a city can be planned."""

    where: str
    message: str
    allowed: str = ""
    remedy: str = ""


class BegunCity(Answer):
    """A city as it was begun."""

    slug: str
    notes: list[str] = Field(description="what should be known of the files it was made of, and of its law")
    to_fill: list[ToFill]
    template: list[str] = Field(description="what is still a default")
    lacks: list[str] = Field(description="what it lacks for paid service")
    archive: str = Field(description="its files as a ZIP, in base64")
    kept: bool = Field(description="whether it is in the service's catalogue now")
