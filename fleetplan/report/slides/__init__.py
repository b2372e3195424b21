"""A plan as slides: what is said, one sheet after another, drawn so that a presentation program can edit it."""

from fleetplan.report.slides.deck import slides

__all__ = ["slides"]
