"""The command ``fleetplan doubt``: what the weak figures could change of a plan, and how its money spreads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetplan.terminal import AsJson, console, kept_sentences, print_table, read_plan, reported

if TYPE_CHECKING:
    from fleetplan.catalogue.types import Catalogue
    from fleetplan.doubt.books import Books
    from fleetplan.doubt.fanout import Effort
    from fleetplan.doubt.types import CellAgain, Doubt, Grid, Resolved
    from fleetplan.plans.types import Plan
    from fleetplan.service import CityService
    from fleetplan.words.names import Names

doubt_app = typer.Typer()
SHOWN = 15
PLANS = "plans"


@doubt_app.command("doubt")
def doubt_command(
    plan: Annotated[Path, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")],
    *,
    draws: Annotated[int, typer.Option(help="Joint draws of all figures.")] = 5000,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    resolve: Annotated[int, typer.Option(help="Plan again at both ends of so many figures.", min=0, max=50)] = 0,
    grid: Annotated[
        tuple[str, str] | None, typer.Option(help="Two figures, by key: the plan's value over both.")
    ] = None,
    third: Annotated[str, typer.Option(help="A third figure: such a grid at its low, likely value and high.")] = "",
    cells: Annotated[
        bool,
        typer.Option("--cells", help="Plan anew in every cell of the grid: who enters there, and the plan behind it."),
    ] = False,
    workers: Annotated[int, typer.Option(help="Processes that plan side by side.", min=1, max=64)] = 2,
    streets: Annotated[
        bool, typer.Option("--streets", help="Make streets and trips anew for the figures behind them: minutes, once.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for doubt.json, tables as CSV, a workbook that recalculates, the report, and each plan made again "
            "as it comes: asked again, only what is missing is made."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how sure a plan is and of what: each figure at its low and high, and thousands of joint draws, at fixed decisions."""
    with reported(as_json=as_json):
        _check(grid, third, cells=cells)
        given = read_plan(plan)
        catalogue, once, found = _found(given, draws, seed, streets=streets)
        told = _Told(found, _grid(once(), *grid, third) if grid else None)
        if resolve or cells:
            _plan_again(given, once, told, resolve, _effort(workers, out, quiet=as_json), cells=cells)
        if out is not None:
            _write(out, told)
            _write_workbook(out, given, catalogue, once.services())
            _write_report(out, given, catalogue, once.services(), found, kept_sentences(plan, given))
        if as_json:
            typer.echo(json.dumps(told.data()))
        else:
            _print(catalogue, given, told)


@dataclass(eq=False)
class _Told:
    """All that is answered: the doubt, a grid, what planning again at the ends of figures and in every cell makes of it."""

    found: Doubt
    grid: Grid | None
    ends: list[Resolved] = field(default_factory=list)
    cells: list[CellAgain] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)

    def data(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            **self.found.model_dump(mode="json"),
            "grid": None if self.grid is None else self.grid.model_dump(mode="json"),
            "resolved": [one.model_dump(mode="json") for one in self.ends],
            "cells": [one.model_dump(mode="json") for one in self.cells],
            "cell_plans": self.plans,
        }


def _check(grid: tuple[str, str] | None, third: str, *, cells: bool) -> None:
    """Refuse what asks for a grid without two figures.

    Raises
    ------
    RequestError
        With every fault.
    """
    from fleetplan.errors import Fault, RequestError

    faults = [
        Fault(where, "asks for a grid, and there is none", "--grid with two figures", "name the two figures")
        for where, asked in (("--third", bool(third)), ("--cells", cells))
        if asked and grid is None
    ]
    if faults:
        raise RequestError(faults)


def _found(given: Plan, draws: int, seed: int, *, streets: bool) -> tuple[Catalogue, _Once, Doubt]:
    from fleetplan.catalogue import load_catalogue
    from fleetplan.doubt.answer import doubt_of

    catalogue = load_catalogue()
    once = _Once(given, catalogue, streets=streets)
    return catalogue, once, doubt_of(given, catalogue, once.services, draws=draws, seed=seed, streets=streets)


class _Once:
    """Opens a plan's books when something first asks for them."""

    def __init__(self, plan: Plan, catalogue: Catalogue, *, streets: bool) -> None:
        self._plan, self.catalogue, self._streets = plan, catalogue, streets
        self._books: Books | None = None

    def services(self) -> dict[str, CityService]:
        """Return the services of the plan's cities."""
        from fleetplan.terminal import context

        return context(self._plan)[1]

    def __call__(self) -> Books:
        """Return the books."""
        from fleetplan.doubt.answer import books_of

        if self._books is None:
            self._books = books_of(self._plan, self.catalogue, self.services(), streets=self._streets)
        return self._books


def _grid(books: Books, first: str, second: str, third: str) -> Grid:
    from fleetplan.doubt.grid import grid

    return grid(books, first, second, third)


def _effort(workers: int, out: Path | None, *, quiet: bool) -> Effort:
    from fleetplan.doubt.fanout import Effort, usual_folder

    def tell(made: int, of: int) -> None:
        typer.echo(f"Planned again: {made} of {of}", err=True)

    keep = usual_folder() if out is None else out / PLANS
    return Effort(workers=workers, keep=keep, told=None if quiet else tell)


def _plan_again(given: Plan, once: _Once, told: _Told, most: int, effort: Effort, *, cells: bool) -> None:
    """Plan again at both ends of so many figures, and in every cell where asked."""
    from fleetplan.doubt.changes import to_resolve
    from fleetplan.doubt.fanout import World, plan_files
    from fleetplan.doubt.resolve import cell_patches, resolve, resolve_cells, tasks
    from fleetplan.doubt.tornado import figures_of

    books = once()
    world = World(once.catalogue, once.services())
    if most:
        todo = tasks(to_resolve(told.found.tornado, most), figures_of(books).ranged)
        told.ends = list(resolve(given, todo, world, effort))
    if cells and told.grid is not None:
        told.cells = resolve_cells(given, told.grid, world, effort)
        files = plan_files(given, cell_patches(told.grid, world), effort, once.catalogue.digest)
        told.plans = [
            str(file) if file and one.plan_sha256 else "" for file, one in zip(files, told.cells, strict=True)
        ]


def _write(out: Path, told: _Told) -> None:
    from fleetplan.report.doubt_tables import grid_frame, resolved_frame, spread_frame, tornado_frame
    from fleetplan.report.tables import csv_text

    out.mkdir(parents=True, exist_ok=True)
    told.plans = [str(Path(plan).relative_to(out)) if plan else "" for plan in told.plans]
    (out / "doubt.json").write_text(json.dumps(told.data(), indent=1), encoding="utf-8")
    frames = {"doubt-tornado": tornado_frame(told.found.tornado), "doubt-spread": spread_frame(told.found)}
    frames |= {"doubt-grid": grid_frame(told.grid, told.cells, told.plans)} if told.grid else {}
    frames |= {"doubt-resolved": resolved_frame(told.ends)} if told.ends else {}
    for name, frame in frames.items():
        (out / f"{name}.csv").write_text(csv_text(frame), encoding="utf-8")


def _write_workbook(out: Path, given: Plan, catalogue: Catalogue, services: dict[str, CityService]) -> None:
    from fleetplan.doubt.books import Books
    from fleetplan.report.live_plan import live_workbook

    (out / "live.xlsx").write_bytes(live_workbook(Books.of(given, catalogue, services)))


def _write_report(
    out: Path, given: Plan, catalogue: Catalogue, services: dict[str, CityService], found: Doubt, replayed: list[str]
) -> None:
    from fleetplan.report.html import report_html
    from fleetplan.report.slides import slides

    (out / "report.html").write_text(report_html(given, services, catalogue, found, replayed), encoding="utf-8")
    (out / "plan.pptx").write_bytes(slides(given, services, catalogue, found))


def _print(catalogue: Catalogue, given: Plan, told: _Told) -> None:
    from fleetplan.words.cells import cells_sentences
    from fleetplan.words.doubt import breaks_words, doubt_sentences, figure_name, grid_sentences, resolved_sentence
    from fleetplan.words.names import Names
    from fleetplan.words.values import usd

    names, out, found = Names(catalogue, (given,)), console(), told.found
    for sentence in doubt_sentences(found, names):
        typer.echo(sentence)
    rows = [
        {
            "figure": figure_name(bar.key, names),
            "low": bar.low,
            "likely": bar.likely,
            "high": bar.high,
            "NPV at low": usd(bar.at_low_usd),
            "NPV at high": usd(bar.at_high_usd),
            "breaks": "yes" if bar.breaks_low or bar.breaks_high else "",
        }
        for bar in found.tornado.bars[:SHOWN]
    ]
    if rows:
        typer.echo("")
        print_table(out, rows, tuple(rows[0]))
    for bar in found.tornado.bars[:SHOWN]:
        for sentence in breaks_words(bar, names)[:1]:
            typer.echo(f"{figure_name(bar.key, names)}. {sentence}")
    if told.grid is not None:
        said = [*grid_sentences(told.grid, names), *cells_sentences(told.grid, told.cells, names)]
        for sentence in said:
            typer.echo(sentence)
        _print_cells(told.grid, told.cells, names)
    for end in told.ends:
        typer.echo(resolved_sentence(end, names))


def _print_cells(grid: Grid, cells: list[CellAgain], names: Names) -> None:
    """Print a map for each slice: the best value in every cell, with a letter for who enters."""
    from fleetplan.words.cells import letters, slice_words, who_words
    from fleetplan.words.doubt import figure_name, short_number
    from fleetplan.words.values import usd

    if not cells:
        return
    known = letters(cells)
    for who, letter in known.items():
        typer.echo(f"{letter}: {who_words(who, names)}")
    columns, size = len(grid.second_values), len(grid.first_values) * len(grid.second_values)
    corner = f"{figure_name(grid.first, names)} (down), {figure_name(grid.second, names)} (across)"
    for begin in range(0, len(cells), size):
        typer.echo("\n".join(slice_words(grid, begin, names)))
        rows = []
        for row, value in enumerate(grid.first_values):
            here = cells[begin + row * columns : begin + (row + 1) * columns]
            texts = [
                "no plan" if c.npv_usd is None else f"{usd(c.npv_usd)} {known.get(c.who, '')}".strip() for c in here
            ]
            heads = (short_number(v) for v in grid.second_values)
            rows.append({corner: short_number(value), **dict(zip(heads, texts, strict=True))})
        print_table(console(), rows, tuple(rows[0]))
