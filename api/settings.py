"""Settings of the service: environment variables ``FLEETPLAN_*``, or a TOML file named by ``FLEETPLAN_CONFIG``.

The environment wins over the file, arguments win over both.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from api.jobs.config import JobConfig
from api.prefix import SHAPE

CONFIG_VARIABLE = "FLEETPLAN_CONFIG"
UPLOADS, OWN_PLANS = "/v1/cities/new", "/evaluations"
"""Where files are sent, which may be larger than requests: an address, and what the others end with."""


def default_data_dir() -> Path:
    """Return where the service keeps its data when nobody says otherwise."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "fleetplan"


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback("[::1]")
    (True, False, True)
    """
    bare = host.strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """What the service is told from outside."""

    model_config = SettingsConfigDict(env_prefix="FLEETPLAN_", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    data_dir: Path = Field(
        default_factory=default_data_dir, description="the SQLite database and all artefacts live here"
    )
    database: str | None = Field(default=None, description="SQLAlchemy URL; SQLite in data_dir when left out")
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        default=[],
        description="names under which the service is reached, besides loopback: a list, or names with commas between them; "
        "with one of them, an API key is needed",
    )
    root_path: str = Field(
        default="",
        description="path under which a proxy shows the service, such as /fleetplan; with or without it in what comes",
    )
    max_body_bytes: Annotated[int, Field(ge=1024)] = 262_144
    max_upload_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=24_000_000, description="of a body that holds district files or a plan made elsewhere, base64 and all"
    )
    keep_cities: bool = Field(
        default=False, description="whether keys with the scope admin may add cities to the catalogue in the browser"
    )
    max_json_depth: Annotated[int, Field(ge=4, le=200)] = 32
    max_time_limit_s: Annotated[float, Field(gt=0)] = 3600.0
    max_city_periods: Annotated[int, Field(ge=1)] = 4000
    max_queue: Annotated[int, Field(ge=1)] = 200
    max_wait_s: Annotated[float, Field(ge=0)] = 60.0
    max_streams: Annotated[int, Field(ge=1)] = 200
    heartbeat_s: Annotated[float, Field(gt=0)] = 15.0
    poll_s: Annotated[float, Field(gt=0)] = 0.2
    workers: Annotated[int, Field(ge=0, le=64)] = Field(
        default=1, description="plans solved at once by `fleetplan serve`"
    )
    helpers: Annotated[int, Field(ge=0, le=64)] | None = Field(
        default=None, description="parts of other workers' large plans solved at once while there is no plan here"
    )
    replays_each: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=24,
        description="months of each plan that are replayed in the background while nothing else waits; 0: none",
    )
    min_free_bytes: Annotated[int, Field(ge=0)] = Field(
        default=16_000_000, description="with less room than this in data_dir no plan is taken, and /ready says so"
    )
    max_solver_bytes: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description="memory that one solve may take; three quarters of the machine's for all of them when left out",
    )
    max_store_bytes: Annotated[int, Field(ge=0)] = Field(
        default=8_000_000_000, description="with more than this stored no plan is taken; 0 for any amount"
    )
    undo_days: Annotated[float, Field(ge=0)] = Field(
        default=7.0, description="days for which a deleted plan can be brought back; 0: it goes at once and for good"
    )
    keep_empty_days: Annotated[float, Field(ge=0)] = Field(
        default=30.0,
        description="days after which plans that failed or were stopped before a first plan are forgotten; 0: never",
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("root_path")
    @classmethod
    def _path(cls, given: str) -> str:
        """Return the path without a slash at its end.

        Raises
        ------
        ValueError
            If it is no path of plain letters.
        """
        bare = given.rstrip("/")
        if bare and not SHAPE.fullmatch(bare):
            msg = "is no path: write it with a slash before it, of letters, digits and . _ ~ - such as /fleetplan"
            raise ValueError(msg)
        return bare

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _names(cls, given: Any) -> Any:
        """Return names as a list: from JSON, or from a text with commas."""
        if not isinstance(given, str):
            return given
        if given.lstrip().startswith("["):
            return json.loads(given)
        return [name.strip().lower() for name in given.split(",") if name.strip()]

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service: it listens on loopback, and no name leads there through a proxy."""
        return is_loopback(self.host) and not self.allowed_hosts

    def job_config(self) -> JobConfig:
        """Return what the job side needs of these settings."""
        return JobConfig(
            self.database,
            self.data_dir,
            concurrency=max(1, self.workers),
            queue_limit=self.max_queue,
            helpers=self.helpers,
            replays_each=self.replays_each,
            solver_bytes=self.max_solver_bytes,
            empty_days=self.keep_empty_days,
            undo_days=self.undo_days,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic-settings gives it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment, then the file."""
        given = os.environ.get(CONFIG_VARIABLE)
        if given and not Path(given).is_file():
            msg = f"{CONFIG_VARIABLE} names {given}, which is no file"
            raise SettingsError(msg)
        file = (TomlConfigSettingsSource(settings_cls, Path(given)),) if given else ()
        return (init_settings, env_settings, *file)
