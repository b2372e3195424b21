"""The command line: ``fleetplan plan | state | check | why-not | doubt | recourse | ...``, and what packages add.

Exit codes: 0 done, 2 bad input (every fault is printed), 3 no plan keeps every rule, 1 anything else. Heavy modules are
imported by the command that needs them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetplan import __version__
from fleetplan.cli_binds import binds_app
from fleetplan.cli_calendar import calendar_app
from fleetplan.cli_cities import cities_app
from fleetplan.cli_doubt import doubt_app
from fleetplan.cli_evaluate import evaluate_app
from fleetplan.cli_files import slug, written
from fleetplan.cli_options import options_app
from fleetplan.cli_recourse import recourse_app
from fleetplan.cli_rolling import going_on, rolling_app, state_table
from fleetplan.cli_simulate import simulate_app
from fleetplan.cli_threshold import threshold_app
from fleetplan.errors import CheckFailed, InfeasibleError
from fleetplan.terminal import AsJson, console, context, kept_sentences, read_plan, reported, request_file, searched

if TYPE_CHECKING:
    from fleetplan.options import PlanOptions
    from fleetplan.planner import PlanningResult

DEFAULT_EXAMPLE = "uber-2027"
COMMANDS = "fleetplan.commands"
"""Entry points of this group are Typer apps; their commands stand beside ours. The service mounts its own so."""

app = typer.Typer(
    name="fleetplan",
    help="Plan where, with whom and when a robotaxi service grows; every plan carries a proven bound.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cities_app, name="cities")
app.add_typer(simulate_app)
app.add_typer(doubt_app)
app.add_typer(calendar_app)
app.add_typer(recourse_app)
app.add_typer(evaluate_app)
app.add_typer(threshold_app)
app.add_typer(binds_app)
app.add_typer(options_app)
app.add_typer(rolling_app)
for _more in sorted(entry_points(group=COMMANDS), key=lambda point: point.name):
    app.add_typer(_more.load())


class SchemaName(StrEnum):
    """What `fleetplan schema` can print."""

    request = "request"
    plan = "plan"


def main() -> None:
    """Run the command line."""
    _keep_solver_noise_off_stdout()
    app()


def _keep_solver_noise_off_stdout() -> None:
    """Give standard output to Python alone: HiGHS prints a line of its own there now and then, whatever its options."""
    ours = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdout = os.fdopen(ours, "w", encoding=sys.stdout.encoding, errors="replace", buffering=1)


@app.command("plan")
def plan_command(
    request: Annotated[
        str, typer.Argument(help="A YAML or JSON request, or the name of an example.", metavar="[REQUEST]")
    ] = DEFAULT_EXAMPLE,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the plan, its tables, maps and report.")] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds to search at most.")] = 120.0,
    gap: Annotated[float, typer.Option(help="Proven gap to stop at, 0.01 = 1 %.")] = 0.01,
    seed: Annotated[int, typer.Option(help="Seed of every random choice.")] = 0,
    nodes: Annotated[
        int | None, typer.Option(help="Nodes to search at most, in place of seconds: same bytes on any load.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="A table of what stands today (CSV, XLSX), as `fleetplan state` writes it.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="First month planned, in place of the table's; what lies before it is done.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a plan, check it, print its summary and write its artefacts. Ctrl-C keeps the best plan so far.

    With --state it goes on from what stands already.
    """
    with reported(as_json=as_json):
        from fleetplan.options import parse_options
        from fleetplan.request import read_data

        options = parse_options({"time_limit_s": time_limit, "gap": gap, "seed": seed, "node_limit": nodes})
        result = _planned(read_data(request_file(request)), options, state, start)
        folder = out if out is not None or as_json else Path("out") / slug(result.plan.request.name)
        files = written(result, folder) if folder is not None else []
        if as_json:
            typer.echo(result.plan.model_dump_json())
            return
        from fleetplan.report.summary import print_summary

        print_summary(result.plan, console(), files)


@app.command("check")
def check_command(
    plan: Annotated[Path, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")],
    search: Annotated[
        float, typer.Option(help="Seconds to look for a plan that refutes the bound; 0: only what is proven.", min=0.0)
    ] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Check a plan rule by rule against its request and the catalogue, without the optimizer.

    Then its bound is held against what is proven and found here.
    """
    with reported(as_json=as_json):
        from dataclasses import replace

        from fleetplan.plans.check import check_plan
        from fleetplan.recheck import recheck_bound
        from fleetplan.words.checked import violation_words
        from fleetplan.words.names import Names
        from fleetplan.words.recheck import bound_sentences

        given = read_plan(plan)
        catalogue, services = context(given)
        report = check_plan(given, catalogue, services, delivered=True)
        bound = (
            searched(lambda run: recheck_bound(given, search, replace(run, catalogue=catalogue), services))
            if report.valid
            else None
        )
        told = bound_sentences(given, bound) if bound is not None else []
        replayed = kept_sentences(plan, given)
        good = report.valid and bound is not None and bound.finding != "refuted"
        if as_json:
            rows = [{"rule": v.rule, "where": v.where, "sentence": v.sentence} for v in report.violations]
            proof = None if bound is None else {**bound.model_dump(), "sentences": told}
            rules = list(report.rules_checked)
            typer.echo(
                json.dumps({"valid": good, "rules": rules, "violations": rows, "bound": proof, "replayed": replayed})
            )
        elif report.valid:
            typer.echo(f"{plan}: every rule is kept ({len(report.rules_checked)} checks), nothing in it was altered")
            typer.echo("\n".join([*told, *replayed]))
        if not good:
            if as_json:
                raise typer.Exit(1)
            names = Names(catalogue)
            raise CheckFailed(
                (violation_words(v, names) for v in report.violations) if report.violations else told[-1:]
            )


@app.command("why-not")
def why_not_command(
    plan: Annotated[Path, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")],
    *,
    city: Annotated[str, typer.Option(help="The city that the question is about.")] = "",
    stack: Annotated[str | None, typer.Option(help="With this partner or stack.")] = None,
    deployment: Annotated[str, typer.Option(help="Both at once: stack@city.")] = "",
    by: Annotated[str | None, typer.Option(help="Open to paying riders by this month, YYYY-MM.")] = None,
    vehicles: Annotated[int | None, typer.Option(help="With so many vehicles, from then on.")] = None,
    level: Annotated[
        int | None, typer.Option(help="Over an area of the city's ladder at least so large, from then on.")
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds to search at most.")] = 60.0,
    gap: Annotated[float, typer.Option(help="Proven gap to stop at, 0.01 = 1 %.")] = 0.01,
    as_json: AsJson = False,
) -> None:
    """Say why a plan does not open a city, with a partner, by a month, so large: what forbids it, or what it costs.

    Exit code 3: no plan of the request can.
    """
    with reported(as_json=as_json):
        from fleetplan.inquiry.answer import answer_data, told
        from fleetplan.inquiry.question import WhyNot
        from fleetplan.inquiry.why_not import why_not
        from fleetplan.options import parse_options

        if deployment:
            stack, _, city = deployment.rpartition("@")
        given = read_plan(plan)
        catalogue, _ = context(given)
        options = parse_options({"time_limit_s": time_limit, "gap": gap})
        answer = searched(lambda run: why_not(given, WhyNot(city, stack, by, vehicles, level), options, run))
        sentences = told(answer, catalogue)
        typer.echo(json.dumps(answer_data(answer, sentences)) if as_json else "\n".join(sentences))
        if answer.kind in {"impossible", "left_out"}:
            raise typer.Exit(InfeasibleError.exit_code)


@app.command("export")
def export_command(
    plan: Annotated[Path, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")],
    *,
    form: Annotated[str, typer.Option("--format", help="html, xlsx, gpkg, mds or json.")] = "html",
    mds: Annotated[bool, typer.Option("--mds", help="Its service areas as MDS geographies: --format mds.")] = False,
    out: Annotated[Path | None, typer.Option(help="The file to write; beside the plan when left out.")] = None,
) -> None:
    """Write a plan in another form: brief, workbook, GeoPackage, MDS geographies."""
    with reported(as_json=False):
        from fleetplan.cli_files import exported

        typer.echo(f"written: {exported(plan, 'mds' if mds else form, out)}")


@app.command("schema")
def schema_command(
    what: Annotated[SchemaName, typer.Argument(help="Which schema.")] = SchemaName.request,
) -> None:
    """Print the JSON Schema of a request or of a plan."""
    from fleetplan.plans.types import Plan
    from fleetplan.request import PlanRequest

    model = PlanRequest if what is SchemaName.request else Plan
    typer.echo(json.dumps(model.model_json_schema(), indent=2))


@app.command("version")
def version_command() -> None:
    """Print the version."""
    typer.echo(__version__)


def _planned(asked: Mapping[str, Any], options: PlanOptions, state: Path | None, start: str | None) -> PlanningResult:
    from fleetplan.errors import RequestError
    from fleetplan.planner import plan_with_context

    table = state_table(state, start)
    if table is None:
        return searched(lambda run: plan_with_context(asked, options, run))
    try:
        return searched(lambda run: plan_with_context(going_on(asked, table), options, run))
    except RequestError as error:
        raise table.in_rows(error) from error


if __name__ == "__main__":
    main()
