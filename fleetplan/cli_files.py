"""Plans in files: planned again with a change, and laid side by side, on this machine and without a service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fleetplan import slugs
from fleetplan.terminal import console, context, print_table, read_plan, reported, searched

if TYPE_CHECKING:
    from fleetplan.compare.table_types import SideBySide
    from fleetplan.compare.types import Comparison
    from fleetplan.planner import PlanningResult
    from fleetplan.plans.types import Plan
    from fleetplan.words.names import Names


def slug(name: str) -> str:
    """Return a name as a folder is called.

    >>> slug("Uber 2027: half the supply")
    'uber-2027-half-the-supply'
    """
    return slugs.slug(name) or "plan"


def written(result: PlanningResult, folder: Path) -> list[Path]:
    """Return the files of a plan once they are written; end where they cannot be."""
    from fleetplan.report.artefacts import write_artefacts

    try:
        return write_artefacts(result.plan, result.services, result.catalogue, folder)
    except OSError as error:
        typer.echo(f"{folder}: cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from error


def exported(beside: Path, form: str, out: Path | None) -> Path:
    """Write a plan.json in another form, beside it when nobody says where; return the file.

    Raises
    ------
    InputError
        When there is no such form, or a file cannot be read or written.
    """
    from fleetplan.errors import Fault, InputError, near_misses
    from fleetplan.report.exports import EXPORTS, Source

    if form not in EXPORTS:
        remedy = near_misses(form, EXPORTS) or "choose one of them"
        raise InputError([Fault("--format", f"{form!r} is no form of a plan", ", ".join(EXPORTS), remedy)])
    plan = read_plan(beside)
    catalogue, services = context(plan)
    export = EXPORTS[form]
    path = out or beside.with_name(export.file)
    if path.resolve() == beside.resolve():
        raise InputError([Fault(str(path), "is the plan itself", "another file", "name one with --out")])
    try:
        path.write_bytes(export.make(Source(plan, catalogue, lambda: services)))
    except OSError as error:
        fault = Fault(str(path), f"cannot be written: {error.strerror}", "a file that may be written", "name another")
        raise InputError([fault]) from error
    return path


def rerun_file(
    path: Path, patch: Mapping[str, Any], options: Mapping[str, Any], out: Path | None, *, as_json: bool
) -> None:
    """Plan a plan.json again with changes, write the new plan, and say what moved."""
    with reported(as_json=as_json):
        from fleetplan.compare.plans import compare_plans
        from fleetplan.options import parse_options
        from fleetplan.report.summary import print_summary
        from fleetplan.reruns.rerun import rerun
        from fleetplan.words.names import Names

        parent, chosen = read_plan(path), parse_options(dict(options))
        result = searched(lambda run: rerun(parent, patch, chosen, run))
        folder = out if out is not None or as_json else Path("out") / f"{slug(result.plan.request.name)}-again"
        files = written(result, folder) if folder is not None else []
        if as_json:
            typer.echo(result.plan.model_dump_json())
            return
        print_summary(result.plan, console(), files)
        typer.echo()
        names = Names(result.catalogue)
        told = compare_plans(parent, result.plan, names)
        typer.echo("\n".join(comparison_lines(told, parent, result.plan, names)))


def compare_files(one: Path, other: Path, *, as_json: bool) -> None:
    """Say what differs between two plan.json files."""
    with reported(as_json=as_json):
        from fleetplan.catalogue import load_catalogue
        from fleetplan.compare.plans import compare_plans
        from fleetplan.words.names import Names

        first, second = read_plan(one), read_plan(other)
        names = Names(load_catalogue())
        told = compare_plans(first, second, names)
        lines = [told.model_dump_json(indent=2)] if as_json else comparison_lines(told, first, second, names)
        typer.echo("\n".join(lines))


def table_files(paths: Sequence[Path], *, as_json: bool) -> None:
    """Lay plan.json files side by side, in a table of a column each."""
    with reported(as_json=as_json):
        from fleetplan.compare.several import side_by_side

        show_table(side_by_side([read_plan(path) for path in paths]), as_json=as_json)


def show_table(found: SideBySide, *, as_json: bool) -> None:
    """Print plans side by side: who is which column, what to read from it, then money, launches and areas, risks."""
    from fleetplan.words.side_by_side import rows

    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    numbers = [str(number) for number in range(1, len(found.plans) + 1)]
    typer.echo("\n".join(f"{number}  {c.name}" for number, c in zip(numbers, found.plans, strict=True)))
    typer.echo("\n".join(["", *found.sentences, "", "* best of its row"]))
    table = rows(found)
    for group in dict.fromkeys(row.group for row in table):
        typer.echo(f"\n{group}")
        own = (row for row in table if row.group == group)
        told = [
            {"plan": row.label}
            | {
                n: f"{cell} *" if k in row.best else cell
                for k, (n, cell) in enumerate(zip(numbers, row.cells, strict=True))
            }
            for row in own
        ]
        print_table(console(), told, ("plan", *numbers))


def comparison_lines(told: Comparison, first: Plan, second: Plan, names: Names) -> list[str]:
    """Return a comparison of two plans as a terminal shows it: what was asked, the answer, what moved, the money."""
    from fleetplan.reruns.patch import input_changes
    from fleetplan.words import changes
    from fleetplan.words.comparison import verdict

    asked = [changes.told(change, names) for change in input_changes(first.request, second.request)]
    return shown(
        [change.sentence for change in asked],
        verdict(first, second, told, asked, names=names),
        [m.sentence for m in told.decisions if not m.tie],
        [c.model_dump() for c in told.money_by_city],
        [g.sentence for g in told.ties],
    )


def shown(
    asked: Iterable[str],
    answer: Iterable[str],
    moves: Iterable[str],
    money: Iterable[Mapping[str, Any]],
    ties: Iterable[str] = (),
) -> list[str]:
    """Return the parts of a comparison as lines, each part under its head; what is empty is left out."""
    from fleetplan.words.comparison import signed
    from fleetplan.words.values import usd

    rows = [
        f"{row['name']:<26} {usd(row['npv_a_usd']):>12} {usd(row['npv_b_usd']):>12} {signed(row['npv_difference_usd']):>12}"
        for row in money
        if row["npv_a_usd"] or row["npv_b_usd"]
    ]
    head = f"{'':<26} {'earlier':>12} {'later':>12} {'difference':>12}"
    parts = (
        ("What was asked otherwise", list(asked)),
        ("What came of it", list(answer)),
        ("What is decided otherwise", list(moves)),
        ("What differs and is as good either way", list(ties)),
        ("Net present value by city", [head, *rows] if rows else []),
    )
    lines: list[str] = []
    for title, own in parts:
        if own:
            lines += [*([""] if lines else []), title, *(f"  {line}".rstrip() for line in own)]
    return lines
