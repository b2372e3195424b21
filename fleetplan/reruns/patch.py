"""Change a request without writing it anew: a JSON merge patch (RFC 7396) whose lists of objects are addressed by key.

    {"capital": {"per_quarter_usd": 1e8},                       members are merged, null removes one (its default returns)
     "constraints": {"launch-teams": {"max": 2},                an entry is merged by its id,
                     "late": {"type": "permit_delay", ...},     an unknown id with a type is a new entry,
                     "two-stacks": null},                       null removes the entry
     "overrides": {"zurich/city.toml#market.mean_fare_local": {"factor": 0.9}},
     "deployments": {"add": {"weride-gxr@madrid": {}}}}

A plain list replaces the whole list, as in RFC 7396. Two requests are compared in the same addresses, so that the change found
between them is again a patch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from fleetplan.errors import Fault, RequestError, near_misses
from fleetplan.request import PlanRequest, parse_request, shown

Entry = dict[str, Any]


def _pair_key(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('stack')}@{entry.get('city')}"


def _pair_of(key: str) -> Entry:
    stack, _, city = key.rpartition("@")
    return {"stack": stack, "city": city}


KEYED: dict[tuple[str, ...], tuple[Callable[[Mapping[str, Any]], str], Callable[[str], Entry], str]] = {
    ("constraints",): (lambda e: str(e.get("id")), lambda key: {"id": key}, "constraint id"),
    ("overrides",): (lambda e: str(e.get("figure")), lambda key: {"figure": key}, "overridden figure"),
    ("deployments", "add"): (_pair_key, _pair_of, "added stack@city"),
    ("deployments", "remove"): (_pair_key, _pair_of, "removed stack@city"),
    ("deployments", "classes"): (_pair_key, _pair_of, "class of a stack@city"),
    ("scenario_sets",): (lambda e: str(e.get("id")), lambda key: {"id": key}, "scenario set"),
}
"""Lists of objects: how an entry is addressed, what the address says about it, what the address is called."""

WHOLE = frozenset({("starting_state",)})
"""Members that are one thing and change as one."""

ALTERNATIVES = ("value", "values", "factor")  # of an override: giving one takes the others away
UNCAUSED = frozenset({"name", "note", "law", "scenario_sets"})
FIRMNESS = "firmness"
"""Of a constraint or of capital: it says what repairs may do, and moves no plan."""


@dataclass(frozen=True, slots=True)
class InputChange:
    """One thing that two requests have different; ``patch`` makes this change alone on the first one."""

    pointer: str
    before: Any
    after: Any
    patch: Mapping[str, Any]

    @property
    def matters(self) -> bool:
        """Whether a plan can differ for it (a name or a note moves nothing, nor does what repairs may loosen)."""
        parts = self.pointer.split("/")
        if parts[1] in UNCAUSED or parts[-1] == FIRMNESS:
            return False
        if isinstance(self.before, Mapping) and isinstance(self.after, Mapping):
            one, two = ({k: v for k, v in entry.items() if k != FIRMNESS} for entry in (self.before, self.after))
            return one != two
        return True


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _pointer(parts: tuple[str, ...]) -> str:
    return "".join(f"/{_escaped(part)}" for part in parts)


class _Patcher:
    """Merges and gathers every fault instead of stopping at the first."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def merge(self, target: Any, patch: Any, at: tuple[str, ...] = ()) -> Any:
        """Return ``target`` with ``patch`` merged in, as RFC 7396 says; keyed lists by :meth:`entries`."""
        if not isinstance(patch, Mapping):
            return deepcopy(patch)
        if at in KEYED:
            return self.entries(target, patch, at)
        out = dict(target) if isinstance(target, Mapping) else {}
        for key, value in patch.items():
            if value is None:
                out.pop(key, None)
            else:
                out[key] = self.merge(out.get(key), value, (*at, str(key)))
        return out

    def entries(self, target: Any, patch: Mapping[str, Any], at: tuple[str, ...]) -> list[Any]:
        """Return a keyed list with the entries of ``patch`` merged, added or removed."""
        key_of, from_key, title = KEYED[at]
        old = {key_of(e): dict(e) for e in target or [] if isinstance(e, Mapping)}
        for key, change in patch.items():
            where = _pointer((*at, str(key)))
            if change is None:
                if old.pop(key, None) is None:
                    self._unknown(where, key, list(old), title)
            elif not isinstance(change, Mapping):
                allowed = "an object to merge, or null to remove the entry"
                self.faults.append(Fault(where, f"is {shown(change)}", allowed, "write its members that change"))
            else:
                self._entry(old, str(key), change, where, from_key)
        return list(old.values())

    def _entry(
        self, old: dict[str, Entry], key: str, change: Mapping[str, Any], where: str, from_key: Callable[[str], Entry]
    ) -> None:
        own = from_key(key)
        for name, value in own.items():
            if change.get(name, value) != value:
                text = f"says {name} {change[name]!r} under the address {key!r}"
                self.faults.append(Fault(f"{where}/{name}", text, f"{value!r}", f"leave {name} out"))
        base = old.get(key, {})
        if "type" in change and change["type"] != base.get("type"):
            base = {}
        if any(change.get(name) is not None for name in ALTERNATIVES):
            base = {k: v for k, v in base.items() if k not in ALTERNATIVES}
        old[key] = {**own, **self.merge(base, change), **own}

    def _unknown(self, where: str, key: str, known: list[str], title: str) -> None:
        what, allowed = f"{key!r} is no {title} of the request", ", ".join(sorted(known)) or "none"
        self.faults.append(Fault(where, what, allowed, near_misses(str(key), known) or "take it out of the patch"))


def merge_patch(request: Mapping[str, Any], patch: Any) -> tuple[dict[str, Any], list[Fault]]:
    """Return a request with a patch merged in, not judged yet, and every address of the patch that does not exist.

    An entry whose ``type`` changes starts afresh; an override given a ``factor`` loses its ``value``.
    """
    if not isinstance(patch, Mapping):
        allowed = "an object with the members to change"
        return dict(request), [Fault("/", f"is {shown(patch)}", allowed, 'write {"name": "another"}, for example')]
    patcher = _Patcher()
    merged: dict[str, Any] = patcher.merge(request, patch)
    return merged, patcher.faults


def merged_patches(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, Any]:
    """Return a patch that does what two do; where both write a member, the second one's stands.

    >>> merged_patches({"a": {"b": 1}}, {"a": {"c": 2}})
    {'a': {'b': 1, 'c': 2}}
    """
    out = dict(one)
    for name, value in two.items():
        both = isinstance(value, Mapping) and isinstance(out.get(name), Mapping)
        out[name] = merged_patches(out[name], value) if both else value
    return out


def apply_patch(request: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request with a patch merged in (plain data that :func:`fleetplan.parse_request` takes).

    >>> base = {"capital": {"per_quarter_usd": 5.0}, "constraints": [{"id": "pace", "type": "launches_per_quarter", "max": 3}]}
    >>> apply_patch(base, {"constraints": {"pace": {"max": 2}}})["constraints"]
    [{'id': 'pace', 'type': 'launches_per_quarter', 'max': 2}]

    Raises
    ------
    RequestError
        With every fault: addresses that do not exist, and faults of the fields of the request that would come out.
    """
    merged, faults = merge_patch(request, patch)
    try:
        parse_request(merged)
    except RequestError as error:
        faults = [*faults, *error.faults]
    if faults:
        raise RequestError(faults)
    return merged


def _leaves(data: Mapping[str, Any], at: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return every leaf of a request by address; entries of keyed lists are leaves."""
    out: dict[tuple[str, ...], Any] = {}
    for name, value in data.items():
        here = (*at, name)
        if here in KEYED:
            key_of = KEYED[here][0]
            out |= {(*here, key_of(e)): {k: v for k, v in e.items() if v is not None} for e in value}
        elif isinstance(value, Mapping) and here not in WHOLE:
            out |= _leaves(value, here)
        else:
            out[here] = value
    return out


def _one_patch(parts: tuple[str, ...], before: Any, after: Any) -> dict[str, Any]:
    change = after
    if isinstance(before, Mapping) and isinstance(after, Mapping) and before.get("type") == after.get("type"):
        gone = dict.fromkeys(k for k in before if k not in after)
        change = {**gone, **{k: v for k, v in after.items() if before.get(k) != v}}
    out: Any = change
    for part in reversed(parts):
        out = {part: out}
    return dict(out)


def input_changes(before: PlanRequest, after: PlanRequest) -> list[InputChange]:
    """Return everything that two requests have different, in the order of their addresses."""
    one, two = _leaves(before.model_dump(mode="json")), _leaves(after.model_dump(mode="json"))
    changes = []
    for parts in sorted(set(one) | set(two)):
        old, new = one.get(parts), two.get(parts)
        if old != new:
            patch = _one_patch(parts, old, new)
            changes.append(InputChange(_pointer(parts), old, new, patch))
    return changes
