"""The command ``fleetplan recourse``: what to decide before delays are known, and how plans adapt once they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetplan.cli_files import slug
from fleetplan.terminal import AsJson, console, print_table, read_plan, reported, request_file

if TYPE_CHECKING:
    from fleetplan.recourse.solve import Solved

recourse_app = typer.Typer()
REFERENCE = "uber-2027"


@recourse_app.command("recourse")
def recourse_command(
    request: Annotated[
        str,
        typer.Argument(help="A YAML or JSON request, or the name of an example.", metavar="[REQUEST]"),
    ] = REFERENCE,
    *,
    name: Annotated[
        str | None,
        typer.Option(
            "--set", help="Which of its scenario sets; the first where left out, twenty drawn ones where it has none."
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(help="The request's own plan.json, where it was made before (then no REQUEST counts)."),
    ] = None,
    gap: Annotated[float, typer.Option(help="Proven gap at which each scenario's plan is good enough.")] = 0.005,
    nodes: Annotated[int, typer.Option(help="Branch-and-bound nodes for each plan.", min=1)] = 1000,
    workers: Annotated[int, typer.Option(help="Processes that plan side by side.", min=1, max=64)] = 2,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for recourse.json, tables as CSV and the plan of every scenario, each kept as it comes."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what to decide before it is known which scenario comes, and how the plan adapts once it is."""
    with reported(as_json=as_json):
        from fleetplan.options import parse_options
        from fleetplan.recourse.making import Effort
        from fleetplan.recourse.solve import solve
        from fleetplan.request import read_data

        given = read_plan(plan) if plan is not None else None
        asked = given.request if given is not None else read_data(request_file(request))
        title = (
            given.request.name
            if given is not None
            else str(asked.get("name", "plan"))
            if isinstance(asked, dict)
            else ""
        )
        folder = out if out is not None or as_json else Path("out") / slug(title) / "recourse"
        effort = Effort(
            options=parse_options({"gap": gap, "node_limit": nodes, "time_limit_s": 3600.0}),
            workers=workers,
            keep=None if folder is None else folder / "plans",
            told=None if as_json else _tell,
        )
        found = solve(asked, name, effort, plan=given)
        if folder is not None:
            _write(folder, found)
        if as_json:
            typer.echo(found.recourse.model_dump_json())
        else:
            _print(found, folder)


def _tell(step: str, made: int, of: int) -> None:
    from fleetplan.words.recourse import step_words

    typer.echo(f"{step_words(step)}: {made} of {of}", err=True)


def _write(folder: Path, found: Solved) -> None:
    from fleetplan.report.recourse_tables import decided_frame, scenarios_frame
    from fleetplan.report.tables import csv_text

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found.recourse.model_dump(mode="json"), indent=1)
    (folder / "recourse.json").write_text(text + "\n", encoding="utf-8")
    for name, frame in (
        ("recourse-scenarios", scenarios_frame(found.recourse)),
        ("recourse-decided", decided_frame(found.recourse)),
    ):
        (folder / f"{name}.csv").write_text(csv_text(frame), encoding="utf-8")


def _print(solved: Solved, folder: Path | None) -> None:
    from fleetplan.catalogue import load_catalogue
    from fleetplan.words.names import Names
    from fleetplan.words.recourse import (
        decided_sentences,
        differs_words,
        launch_words,
        opening_of,
        recourse_sentences,
        regret_sentences,
    )
    from fleetplan.words.values import percent, usd

    found, names = solved.recourse, Names(load_catalogue(), (solved.plan,))
    typer.echo("\n".join(recourse_sentences(found, names)))
    typer.echo("\nDecided for all")
    typer.echo("\n".join(f"  {line}" for line in decided_sentences(found, names)))
    rows = [
        {
            "scenario": scenario.id,
            "chance": percent(scenario.probability),
            "if known": usd(perfect.value_usd),
            "value": usd(chosen.value_usd),
            "given up": usd(chosen.given_up_usd),
            "opens": launch_words(chosen, names),
        }
        for scenario, perfect, chosen in zip(found.scenarios, found.perfect, found.chosen.outcomes, strict=True)
    ]
    typer.echo("")
    print_table(console(), rows, tuple(rows[0]))
    typer.echo("What is otherwise in each")
    opening = opening_of(found)
    for scenario in found.scenarios:
        typer.echo(f"  {scenario.id}: {differs_words(scenario, opening, solved.plan.request, names)}")
    typer.echo("")
    if told := regret_sentences(found, names):
        typer.echo("Where not knowing costs most")
        typer.echo("\n".join(f"  {line}" for line in told))
    if folder is not None:
        typer.echo(f"\nWritten to {folder}: recourse.json, two tables and the plan of every scenario")
