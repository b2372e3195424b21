"""Alter numbers of a plan at random and count which the checker does not see.

    python benchmarks/altered.py out/plan.json                 # 1,000 numbers, each altered in a plan that was delivered
    python benchmarks/altered.py out/plan.json --resealed      # the seal made anew: what the rules see of a forger's work

Of a delivered plan the seal gives every alteration away. A forger can make the seal anew; then the rules alone judge, and what
they cannot know is printed by field: claims of the search that made the plan, and amounts too small to be told apart.
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pydantic import ValidationError  # noqa: E402 - the path comes first

from fleetplan.plans.check import check_plan  # noqa: E402
from fleetplan.plans.files import sealed  # noqa: E402
from fleetplan.plans.types import Plan  # noqa: E402
from fleetplan.terminal import context, read_plan  # noqa: E402

KEYED = {"lines_usd", "vehicles_by_mode", "vehicles_by_year", "city_lines_usd"}
"""Fields whose own keys are names: they count as one field each."""
Place = tuple[str | int, ...]


def leaves(data: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield every number, text, truth value, empty place and empty list of plain data with its place."""
    if isinstance(data, dict) and data:
        for key, held in data.items():
            yield from leaves(held, (*place, key))
    elif isinstance(data, list) and data:
        for index, held in enumerate(data):
            yield from leaves(held, (*place, index))
    else:
        yield place, data


def field_of(place: Place) -> str:
    """Return the field that a place belongs to: ``cities.[].deployments.[].lines_usd.*.[]``."""
    named = ["[]" if isinstance(part, int) else part for part in place]
    return ".".join("*" if k and named[k - 1] in KEYED else part for k, part in enumerate(named))


def otherwise(value: Any, index: int = 0) -> Any:
    """Return something that stands in a value's place: a number well apart, another text, another month."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value * 2 + 7 if index % 2 else value + 1
    if isinstance(value, float):
        return value * 2.0 + 1000.0 if index % 2 else value * 1.05 + 10.0
    if isinstance(value, str):
        return f"{value}x"
    return 1 if value is None else [1] if value == [] else {"x": [1.0]}


def altered(data: dict[str, Any], place: Place, index: int = 0) -> dict[str, Any]:
    """Return plain data with one place altered."""
    again = copy.deepcopy(data)
    holder: Any = again
    for part in place[:-1]:
        holder = holder[part]
    holder[place[-1]] = otherwise(holder[place[-1]], index)
    return again


def main() -> None:
    """Alter, check, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--numbers", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resealed", action="store_true", help="make the seal anew after each alteration")
    given = parser.parse_args()
    plan = read_plan(given.plan)
    catalogue, services = context(plan)
    assert check_plan(plan, catalogue, services, delivered=True).valid, (
        "the plan breaks its rules before anything is altered"
    )
    data = plan.model_dump(mode="json")
    numbers = [place for place, value in leaves(data) if isinstance(value, int | float) and place[0] != "request"]
    rng, unseen, refused, began = random.Random(given.seed), Counter[str](), 0, time.monotonic()  # noqa: S311 - no secret
    for index in range(given.numbers):
        place = rng.choice(numbers)
        try:
            forged = Plan.model_validate(altered(data, place, index))
        except ValidationError:
            refused += 1
            continue
        forged = sealed(forged) if given.resealed else forged
        if check_plan(forged, catalogue, services, delivered=True).valid:
            unseen[field_of(place)] += 1
    took = time.monotonic() - began
    print(
        f"{given.numbers} numbers altered of {len(numbers):,}: {sum(unseen.values())} unseen, {refused} refused on reading"
    )
    print(f"{took:.0f} s")
    for field, count in unseen.most_common():
        print(f"  {count:4d}  {field}")


if __name__ == "__main__":
    main()
