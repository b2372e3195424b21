"""The commands about a plan's options: ``fleetplan alternatives``, the plans nearly as good, and ``fleetplan frontier``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetplan.terminal import AsJson, read_plan, reported, searched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fleetplan.alternatives.types import Alternative, Alternatives
    from fleetplan.frontier.types import Frontier
    from fleetplan.plans.types import Plan

options_app = typer.Typer()
PlanFile = Annotated[Path, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")]
Seconds = Annotated[float, typer.Option(help="Seconds to search for each plan at most.")]
Gap = Annotated[float, typer.Option(help="Proven gap to stop at for each plan, 0.01 = 1 %.")]


class Differing(StrEnum):
    """In what alternatives differ."""

    launches = "launches"
    places = "places"


@options_app.command("alternatives")
def alternatives_command(
    plan: PlanFile,
    *,
    count: Annotated[int, typer.Option(help="How many.", min=1, max=20)] = 5,
    within: Annotated[
        str, typer.Option(help="What one may give up: a share such as 5%, an amount such as 2.5M, or any.")
    ] = "",
    differ: Annotated[
        Differing, typer.Option(help="launches: who opens where in which quarter; places: who opens where.")
    ] = Differing.launches,
    city: Annotated[str, typer.Option(help="The best plans for this city: by partner, quarter and widest area.")] = "",
    time_limit: Seconds = 30.0,
    gap: Gap = 0.005,
    out: Annotated[Path | None, typer.Option(help="Folder for the plans, each as a plan.json.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find plans nearly as good that differ in structure, in what each is stronger, and what all of them share.

    Each is the best plan that differs from all before it, checked, with its own bound. Without --within an alternative may give
    up 5 %, and one for a single city any amount.
    """
    with reported(as_json=as_json):
        from fleetplan.alternatives.answer import alternatives, asked_of
        from fleetplan.alternatives.search import find_alternatives
        from fleetplan.catalogue import load_catalogue
        from fleetplan.options import parse_options

        given, catalogue = read_plan(plan), load_catalogue()
        asked = asked_of(given, catalogue, count, within, differ.value, city)
        options = parse_options({"time_limit_s": time_limit, "gap": gap})
        chain = searched(lambda run: find_alternatives(given, asked, options, run, bare=out is None))
        found = alternatives(chain, catalogue)
        files = write_plans(out, "alternative", [chain.found[k] for k in chain.ranked]) if out is not None else []
        typer.echo(found.model_dump_json() if as_json else "\n".join([*_lines(found), *_written(files)]))


def write_plans(folder: Path, stem: str, plans: Sequence[Plan]) -> list[Path]:
    """Return the files of some plans once they are written, numbered in their order."""
    from fleetplan.plans.files import plan_text

    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{stem}-{number}.json" for number in range(1, len(plans) + 1)]
    for file, plan in zip(files, plans, strict=True):
        file.write_text(plan_text(plan), encoding="utf-8")
    return files


def _written(files: Sequence[Path]) -> list[str]:
    return ["", f"Written: {', '.join(str(file) for file in files)}"] if files else []


def _lines(found: Alternatives) -> Iterator[str]:
    yield from found.sentences
    for one in found.others:
        yield from _alternative(one, f"{one.rank}.")
    if found.nearest is not None:
        yield "\nThe nearest one beyond that"
        yield from _alternative(found.nearest, "")


def _alternative(one: Alternative, number: str) -> Iterator[str]:
    head, *rest = one.sentences
    yield f"\n{number} {head}".lstrip(" ")
    yield from (f"   {sentence}" for sentence in rest)


class AxisName(StrEnum):
    """What a frontier goes along."""

    capital = "capital"
    markets = "markets"


@options_app.command("frontier")
def frontier_command(
    plan: PlanFile,
    *,
    axis: Annotated[
        AxisName, typer.Option(help="capital: at most so much in all; markets: at least so many at the end.")
    ] = AxisName.capital,
    points: Annotated[int, typer.Option(help="How many points.", min=2, max=20)] = 8,
    time_limit: Seconds = 30.0,
    gap: Gap = 0.01,
    out: Annotated[Path | None, typer.Option(help="Folder for each point's plan.json and the drawing.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what less capital, or more markets, would be worth: the best plan of each point, checked, in whole vehicles."""
    with reported(as_json=as_json):
        from fleetplan.catalogue import load_catalogue
        from fleetplan.frontier.points import frontier
        from fleetplan.frontier.search import find_frontier
        from fleetplan.options import parse_options
        from fleetplan.plans.types import Plan
        from fleetplan.words.names import Names

        given, catalogue = read_plan(plan), load_catalogue()
        options = parse_options({"time_limit_s": time_limit, "gap": gap})
        found = searched(lambda run: find_frontier(given, axis.value, points, options, run))
        told = frontier(given, axis.value, found, points, Names(catalogue, (given,)))
        files: list[Path] = []
        if out is not None:
            files = [
                *write_plans(out, axis.value, [p for p in found.values() if isinstance(p, Plan)]),
                _drawing(out, told),
            ]
        lines = [*told.sentences, "", *(p.sentence for p in told.points), *_written(files)]
        typer.echo(told.model_dump_json() if as_json else "\n".join(lines))


def _drawing(out: Path, told: Frontier) -> Path:
    """Return the file of a frontier's drawing once it is written."""
    from fleetplan.report.frontier import standing_alone

    file = out / f"frontier-{told.axis}.svg"
    file.write_text(standing_alone(told), encoding="utf-8")
    return file
