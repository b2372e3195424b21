"""The command line for plans made elsewhere: ``fleetplan evaluate REQUEST PLAN``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetplan.terminal import AsJson, file_bytes, reported, request_file, searched

evaluate_app = typer.Typer()


@evaluate_app.command("evaluate")
def evaluate_command(
    request: Annotated[str, typer.Argument(help="A YAML or JSON request, or the name of an example.")],
    plan: Annotated[Path, typer.Argument(help="A table of areas and fleets (CSV, XLSX), or a plan.json.")],
    *,
    time_limit: Annotated[float, typer.Option(help="Seconds to search for the best plan at most.")] = 60.0,
    gap: Annotated[float, typer.Option(help="Proven gap to stop at, 0.01 = 1 %.")] = 0.01,
    as_json: AsJson = False,
) -> None:
    """Score a plan made elsewhere: rules it breaks, its money, the best plan beside it, the nearest plan that keeps every rule.

    A table has the columns city, stack, period, vehicles, and level or area_km2 where areas are known; a row holds until the
    next one of its deployment. Exit code 1: the plan breaks a rule.
    """
    with reported(as_json=as_json):
        from fleetplan.evaluate.score import evaluate
        from fleetplan.options import parse_options
        from fleetplan.request import read_data

        options = parse_options({"time_limit_s": time_limit, "gap": gap})
        asked = read_data(request_file(request))
        data = file_bytes(plan, "give a CSV, XLSX or plan.json file")
        found = searched(lambda run: evaluate(asked, data, plan.name, options, run))
        typer.echo(found.model_dump_json() if as_json else "\n".join(found.sentences))
        if not found.valid:
            raise typer.Exit(1)
