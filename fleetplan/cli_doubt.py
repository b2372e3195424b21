"""The command ``fleetplan doubt``: what the weak figures could change of a plan, and how its money spreads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetplan.terminal import AsJson, console, kept_sentences, print_table, read_plan, reported

if TYPE_CHECKING:
    from fleetplan.catalogue.types import Catalogue
    from fleetplan.doubt.books import Books
    from fleetplan.doubt.types import Doubt, Grid, Resolved
    from fleetplan.plans.types import Plan
    from fleetplan.service import CityService

doubt_app = typer.Typer()
SHOWN = 15


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
    streets: Annotated[
        bool, typer.Option("--streets", help="Make streets and trips anew for the figures behind them: minutes, once.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for doubt.json, tables as CSV, a workbook that recalculates, and the report."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how sure a plan is and of what: each figure at its low and high, and thousands of joint draws, at fixed decisions."""
    with reported(as_json=as_json):
        given = read_plan(plan)
        catalogue, once, found = _found(given, draws, seed, streets=streets)
        cells = _grid(once(), *grid) if grid else None
        again = _again(given, once(), found, resolve) if resolve else []
        if out is not None:
            _write(out, found, cells, again)
            _write_workbook(out, given, catalogue, once.services())
            _write_report(out, given, catalogue, once.services(), found, kept_sentences(plan, given))
        if as_json:
            typer.echo(json.dumps(_data(found, cells, again)))
        else:
            _print(catalogue, given, found, cells, again)


def _found(given: Plan, draws: int, seed: int, *, streets: bool) -> tuple[Catalogue, _Once, Doubt]:
    from fleetplan.catalogue import load_catalogue
    from fleetplan.doubt.answer import doubt_of

    catalogue = load_catalogue()
    once = _Once(given, catalogue, streets=streets)
    return catalogue, once, doubt_of(given, catalogue, once.services, draws=draws, seed=seed, streets=streets)


class _Once:
    """Opens a plan's books when something first asks for them."""

    def __init__(self, plan: Plan, catalogue: Catalogue, *, streets: bool) -> None:
        self._plan, self._catalogue, self._streets = plan, catalogue, streets
        self._books: Books | None = None

    def services(self) -> dict[str, CityService]:
        """Return the services of the plan's cities."""
        from fleetplan.terminal import context

        return context(self._plan)[1]

    def __call__(self) -> Books:
        """Return the books."""
        from fleetplan.doubt.answer import books_of

        if self._books is None:
            self._books = books_of(self._plan, self._catalogue, self.services(), streets=self._streets)
        return self._books


def _grid(books: Books, first: str, second: str) -> Grid:
    from fleetplan.doubt.grid import grid

    return grid(books, first, second)


def _again(given: Plan, books: Books, found: Doubt, most: int) -> list[Resolved]:
    from fleetplan.doubt.changes import to_resolve
    from fleetplan.doubt.resolve import resolve, tasks
    from fleetplan.doubt.tornado import figures_of

    return list(resolve(given, tasks(to_resolve(found.tornado, most), figures_of(books).ranged)))


def _data(found: Doubt, cells: Grid | None, again: list[Resolved]) -> dict[str, object]:
    return {
        **found.model_dump(mode="json"),
        "grid": None if cells is None else cells.model_dump(mode="json"),
        "resolved": [one.model_dump(mode="json") for one in again],
    }


def _write(out: Path, found: Doubt, cells: Grid | None, again: list[Resolved]) -> None:
    from fleetplan.report.doubt_tables import grid_frame, resolved_frame, spread_frame, tornado_frame
    from fleetplan.report.tables import csv_text

    out.mkdir(parents=True, exist_ok=True)
    (out / "doubt.json").write_text(json.dumps(_data(found, cells, again), indent=1), encoding="utf-8")
    frames = {"doubt-tornado": tornado_frame(found.tornado), "doubt-spread": spread_frame(found)}
    frames |= {"doubt-grid": grid_frame(cells)} if cells else {}
    frames |= {"doubt-resolved": resolved_frame(again)} if again else {}
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


def _print(catalogue: Catalogue, given: Plan, found: Doubt, cells: Grid | None, again: list[Resolved]) -> None:
    from fleetplan.words.doubt import breaks_words, doubt_sentences, figure_name, grid_sentences, resolved_sentence
    from fleetplan.words.names import Names
    from fleetplan.words.values import usd

    names, out = Names(catalogue, (given,)), console()
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
    for sentence in grid_sentences(cells, names) if cells else ():
        typer.echo(sentence)
    for one in again:
        typer.echo(resolved_sentence(one, names))
