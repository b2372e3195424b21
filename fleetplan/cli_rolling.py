"""Rolling forward on the command line: the state that a plan expects as a table, and a request that goes on from one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetplan.terminal import file_bytes, read_plan, reported

if TYPE_CHECKING:
    from fleetplan.rolling.table import StateTable

rolling_app = typer.Typer()


@rolling_app.command("state")
def state_command(
    plan: Annotated[Path, typer.Argument(help="A plan.json, as written by `fleetplan plan`.")],
    at: Annotated[str, typer.Option(help="First month to be planned anew, YYYY-MM.")],
    out: Annotated[Path | None, typer.Option(help="File to write, .csv or .xlsx; printed as CSV without it.")] = None,
) -> None:
    """Write what a plan expects to stand at a month: services, vehicles, permits, depots, money, as a table to correct.

    `fleetplan plan REQUEST --state FILE` then goes on from what the table says.
    """
    with reported(as_json=False):
        from fleetplan.rolling.expected import state_at
        from fleetplan.rolling.table import as_csv, as_xlsx

        state = state_at(read_plan(plan), at)
        if out is None:
            typer.echo(as_csv(state), nl=False)
            return
        out.write_bytes(as_xlsx(state) if out.suffix.lower() == ".xlsx" else as_csv(state).encode())
        typer.echo(f"{out}: what stands at {at}; correct it to what does, then: fleetplan plan REQUEST --state {out}")


def state_table(path: Path | None, start: str | None) -> StateTable | None:
    """Return the state of a table; nothing where none is named.

    Raises
    ------
    InputError
        With every fault of the table, or where a first month is named without one.
    """
    from fleetplan.errors import Fault, InputError
    from fleetplan.rolling.table import read_state

    if path is None:
        if start is not None:
            remedy = "add --state FILE, or set horizon.start in the request to plan from nothing"
            raise InputError([Fault("--start", "is given without a table of what stands", "with --state", remedy)])
        return None
    return read_state(file_bytes(path, "write one with `fleetplan state`"), str(path), start)


def going_on(asked: Mapping[str, Any], table: StateTable) -> dict[str, Any]:
    """Return a request as plain data that goes on from a table."""
    from fleetplan.rolling.expected import rolled

    return rolled(asked, table.state)
