"""The command ``fleetplan binds``: what holds a plan back, and what each limit is worth by planning again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from fleetplan.terminal import AsJson, console, context, print_table, read_plan, reported, searched

binds_app = typer.Typer()


@binds_app.command("binds")
def binds_command(
    plan: Annotated[Path, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")],
    *,
    most: Annotated[int, typer.Option(help="So many limits are moved.", min=1, max=10)] = 10,
    gap: Annotated[float, typer.Option(help="Proven gap of every plan made, 0.01 = 1 %.")] = 0.005,
    as_json: AsJson = False,
) -> None:
    """Say what holds a plan back: each limit a step looser or tighter, planned again, with what that is worth and moves."""
    with reported(as_json=as_json):
        from dataclasses import replace

        from fleetplan.limits.find import worth_of_limits
        from fleetplan.limits.probes import probes_of
        from fleetplan.reruns.again import OPTIONS
        from fleetplan.words.context import Context
        from fleetplan.words.limits import moves_words, probe_words, probed_sentence, worth_band
        from fleetplan.words.names import Names

        given = read_plan(plan)
        catalogue, services = context(given)
        asked = {c.id: c.model_dump(mode="json") for c in given.request.constraints}
        words = Context(Names(catalogue, (given,)), asked, given.request.horizon.start)
        probes, options = probes_of(given, catalogue)[:most], OPTIONS.model_copy(update={"gap": gap})
        found = searched(
            lambda run: worth_of_limits(given, probes, services, options, replace(run, catalogue=catalogue))
        )
        if as_json:
            told = [{**one.model_dump(mode="json"), "sentence": probed_sentence(one, words)} for one in found]
            typer.echo(json.dumps(told))
            return
        rows = [
            {
                "with": probe_words(one.probe, words),
                "is worth": worth_band(one),
                "and moves": moves_words(one, words) if one.npv_usd is not None else "",
            }
            for one in found
        ]
        print_table(console(), rows, tuple(rows[0]))
        for b in given.binds:
            typer.echo(b.sentence)
