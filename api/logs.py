"""Logs as JSON lines on standard error: one a request, one a failure."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logs(level: str) -> None:
    """Send every log line of this process to standard error as JSON."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def server_logs(level: str) -> dict[str, Any]:
    """Return the logging settings that make the server and the libraries speak JSON too."""
    shape = {"()": "api.logs.JsonLines"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": shape},
        "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"handlers": ["err"], "level": level.upper()},
        "loggers": {"uvicorn": {"level": level.upper()}},
    }


class JsonLines(logging.Formatter):
    """A line of the standard library's logging as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told = {"event": record.getMessage(), "logger": record.name, "level": record.levelname.lower()}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return str(structlog.processors.JSONRenderer(ensure_ascii=False)(None, "", told))
