"""The command ``fleetplan threshold``: at which values of a figure another plan is best."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetplan.terminal import AsJson, console, context, print_table, read_plan, reported, searched

if TYPE_CHECKING:
    from fleetplan.catalogue.types import Catalogue
    from fleetplan.plans.types import Plan
    from fleetplan.service import CityService
    from fleetplan.threshold.shape import Watched
    from fleetplan.threshold.types import Dial, Threshold

threshold_app = typer.Typer()


class KindName(StrEnum):
    """What may be turned by a plain name."""

    fare = "fare"
    vehicle_price = "vehicle-price"
    permit_date = "permit-date"
    supply = "supply"
    capital = "capital"
    platform_share = "platform-share"
    take = "take"
    displacement = "displacement"


class WatchName(StrEnum):
    """What counts as another plan."""

    launches = "launches"
    entry = "entry"
    areas = "areas"


@threshold_app.command("threshold")
def threshold_command(  # each is an option of its own
    plan: Annotated[Path, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")],
    *,
    figure: Annotated[str, typer.Option(help="The key of a figure, or of a permit's months.")] = "",
    kind: Annotated[KindName | None, typer.Option(help="Or one of these, of --city or --stack.")] = None,
    city: Annotated[str, typer.Option(help="Whose fare, share or permits.")] = "",
    stack: Annotated[str, typer.Option(help="Whose price, share of fares or supply: a stack or its partner.")] = "",
    low: Annotated[float | None, typer.Option(help="Look from here, in place of the figure's low.")] = None,
    high: Annotated[float | None, typer.Option(help="Look up to here, in place of the figure's high.")] = None,
    watch: Annotated[
        WatchName, typer.Option(help="What counts: launches and their months, entry alone, or areas as well.")
    ] = WatchName.launches,
    of: Annotated[str, typer.Option(help="Only what becomes of this city counts.")] = "",
    most: Annotated[
        int, typer.Option(help="Where none is named: so many figures that matter most.", min=1, max=20)
    ] = 5,
    gap: Annotated[float, typer.Option(help="Proven gap of every plan made, 0.01 = 1 %.")] = 0.01,
    as_json: AsJson = False,
) -> None:
    """Find the smallest change at which a city or a partner enters, leaves or moves, by planning again.

    Without a figure: the five that matter most to this plan.
    """
    with reported(as_json=as_json):
        from fleetplan.threshold.dials import Question, dial_of

        given = read_plan(plan)
        catalogue, services = context(given)
        asked = Question(kind.value if kind else "", figure, city, stack, low, high)
        dials = [dial_of(asked, given, catalogue)] if asked != Question() else _ranked(given, catalogue, services, most)
        found = _found(given, catalogue, services, dials, _watched(watch, of, catalogue), gap)
        if as_json:
            typer.echo(json.dumps([_data(one, catalogue, given) for one in found]))
        else:
            _print(found, catalogue, given)


def _ranked(given: Plan, catalogue: Catalogue, services: dict[str, CityService], most: int) -> list[Dial]:
    from fleetplan.threshold.ranking import matter_most

    return matter_most(given, catalogue, services, most=most)


def _watched(watch: WatchName, of: str, catalogue: Catalogue) -> Watched:
    from fleetplan.catalogue.aliases import resolve_city
    from fleetplan.threshold.shape import Watched

    return Watched(watch.value, resolve_city(catalogue, of) if of else None)


def _found(  # what is turned, of what, how
    given: Plan,
    catalogue: Catalogue,
    services: dict[str, CityService],
    dials: list[Dial],
    watched: Watched,
    gap: float,
) -> list[Threshold]:
    from dataclasses import replace

    from fleetplan.reruns.again import OPTIONS
    from fleetplan.threshold.find import thresholds

    options = OPTIONS.model_copy(update={"gap": gap})
    return searched(lambda run: thresholds(given, dials, services, watched, options, replace(run, catalogue=catalogue)))


def _data(found: Threshold, catalogue: Catalogue, given: Plan) -> dict[str, object]:
    from fleetplan.words.names import Names
    from fleetplan.words.threshold import threshold_sentences

    return {**found.model_dump(mode="json"), "sentences": threshold_sentences(found, Names(catalogue, (given,)))}


def _print(found: list[Threshold], catalogue: Catalogue, given: Plan) -> None:
    from fleetplan.words.names import Names
    from fleetplan.words.threshold import threshold_rows, threshold_sentences

    names, out = Names(catalogue, (given,)), console()
    if not found:
        typer.echo("No figure with a range moves this plan, so there is nothing to turn.")
    for one in found:
        for sentence in threshold_sentences(one, names):
            typer.echo(sentence)
        if rows := threshold_rows(one, names):
            print_table(out, rows, tuple(rows[0]))
        typer.echo("")
