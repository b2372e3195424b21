"""A table of a stored plan in the forms that the service offers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from api.media import CSV, JSON, XLSX
from api.schemas import TableAnswer, TableColumn
from fleetplan.plans.types import Plan
from fleetplan.report.exports import workbook
from fleetplan.report.tables import COLUMNS, csv_text, plain, tables

TABLE_MEDIA = (JSON, CSV, XLSX)


def table_bytes(plan_id: str, plan: Plan, name: str, media: str) -> bytes:
    """Return one table of a plan."""
    frame = tables(plan)[name]
    if media == CSV:
        return csv_text(frame).encode()
    if media == XLSX:
        return workbook({name: frame})
    columns = [TableColumn(name=c.name, dtype=c.dtype, unit=c.unit, meaning=c.meaning) for c in COLUMNS[name]]
    return TableAnswer(plan=plan_id, table=name, columns=columns, rows=_records(frame)).model_dump_json().encode()


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in plain(frame).to_dict("records")]
