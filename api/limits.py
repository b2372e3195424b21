"""What the limits of a plan are worth, read from stored plans; of each that nobody planned with moved, the rerun to post."""

from __future__ import annotations

from api.asked_reruns import AskedReruns, refused
from api.deps import Answered, Service
from api.schemas_again import LimitsTold, LimitTold
from fleetplan.errors import InputError
from fleetplan.limits.answer import probed
from fleetplan.limits.probes import patch_of, probes_of
from fleetplan.limits.types import Probe
from fleetplan.words.context import Context, context_from
from fleetplan.words.limits import moves_words, probe_words, probed_sentence, worth_band
from fleetplan.words.names import Names

GAP = 0.005


def limits_told(service: Service, found: Answered) -> LimitsTold:
    """Return what ten limits of a stored plan are worth, as far as the store knows it.

    Raises
    ------
    BadRequest
        Where the catalogue does not hold any more what the plan speaks of.
    """
    plan, catalogue = found.plan, service.known.catalogue
    words = context_from(plan.request.model_dump(mode="json"), Names(catalogue, (plan,)))
    reruns = AskedReruns.of(service, found, "limit", GAP)
    try:
        probes = probes_of(plan, catalogue)
    except InputError as error:
        raise refused(error) from error
    return LimitsTold(plan=found.row.id, limits=[_told(service, found, probe, reruns, words) for probe in probes])


def _told(service: Service, found: Answered, probe: Probe, reruns: AskedReruns, words: Context) -> LimitTold:
    name = probe_words(probe, words)
    title = f"{name[:1].upper()}{name[1:]}"
    known = reruns.found(patch_of(probe, found.plan, service.known.catalogue), f"{found.row.name}: {name}")
    one = probed(probe, found.plan, known.plan(), known.id) if known.state == "known" and not known.fault else None
    return LimitTold(
        state=known.state,
        name=title,
        plan=known.id or None,
        rerun=known.call,
        probed=one,
        worth="" if one is None else worth_band(one),
        moves="" if one is None or one.npv_usd is None else moves_words(one, words),
        sentence=known.fault or ("" if one is None else probed_sentence(one, words)),
    )
