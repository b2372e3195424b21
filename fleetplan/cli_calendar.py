"""The command ``fleetplan calendar``: the next steps of a plan as a calendar file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from fleetplan.terminal import AsJson, read_plan, reported

calendar_app = typer.Typer()


@calendar_app.command("calendar")
def calendar_command(
    plan: Annotated[Path, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")],
    *,
    city: Annotated[str | None, typer.Option(help="Only the steps of this city, by its slug.")] = None,
    series: Annotated[
        str | None, typer.Option(help="What the plan and its reruns have in common; the plan's name when left out.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; standard output when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write what the plan asks to be begun, ordered and opened, and when, as an iCalendar file."""
    from datetime import UTC, datetime

    from fleetplan.errors import Fault, InputError
    from fleetplan.report.calendar import calendar

    with reported(as_json=as_json):
        given = read_plan(plan)
        slugs = [c.city for c in given.cities]
        if city is not None and city not in slugs:
            raise InputError(
                [Fault("--city", f"{city!r} is no city of this plan", ", ".join(slugs), "write one of them")]
            )
        made_at = datetime.fromtimestamp(plan.stat().st_mtime, UTC)
        text = calendar(given, made_at, series=series or given.name, city=city)
        if out is None:
            typer.echo(json.dumps({"calendar": text}) if as_json else text, nl=as_json)
            return
        out.write_bytes(text.encode())
        typer.echo(json.dumps({"file": str(out), "entries": text.count("BEGIN:VEVENT")}) if as_json else f"wrote {out}")
