"""That a plan rests on a template, in words: said before anything else is."""

from __future__ import annotations

from collections.abc import Sequence

from fleetplan.plans.template import TemplateUse
from fleetplan.words.values import listed, several


def template_sentence(uses: Sequence[TemplateUse]) -> str:
    """Return which cities rest on defaults of ``fleetplan cities new``, and on how many; empty where none does.

    >>> template_sentence([TemplateUse("ejemplo", "Ejemplo", 29, 4)])[:87]
    'For Ejemplo this rests on a template: 29 figures and 4 permits are defaults that nobody'
    """
    if not uses:
        return ""
    named = [f"{_counts(use)} of {use.name}" if len(uses) > 1 else _counts(use) for use in uses]
    one = len(uses) == 1
    what = "is a default" if sum(use.figures + use.permits + use.depots for use in uses) == 1 else "are defaults"
    return (
        f"For {listed([use.name for use in uses])} this rests on a template: {listed(named)} {what} that nobody has "
        f"replaced. It shows how {'such a city' if one else 'such cities'} would be planned, not what is so there."
    )


def _counts(use: TemplateUse) -> str:
    counts = [(use.figures, "figure"), (use.permits, "permit"), (use.depots, "depot site")]
    return listed([several(count, what) for count, what in counts if count])
