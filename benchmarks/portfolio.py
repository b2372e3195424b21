"""Make a large catalogue from the real one by seeded variation: N cities with P stacks, as files, read as any other.

    python benchmarks/portfolio.py out/portfolio --cities 30 --stacks 12 --seed 7
    FLEETPLAN_CATALOGUE=out/portfolio/cities fleetplan cities check
    FLEETPLAN_CATALOGUE=out/portfolio/cities fleetplan plan out/portfolio/request.json

Made up for measuring and good for nothing else: every figure that was changed says so in its source. The same recipe gives the
same bytes, and a city or stack is the same in a larger portfolio as in a smaller one of the same seed, but for who goes
where and how many vehicles there are.

What is varied
--------------
- **Cities** are copied in turn, the second time round as a second generation (``houston-02``). Fares, wages, energy, insurance,
  charges, depots' and stalls' costs, the share of rivals and the season vary; so do the lead months of depots (sites with the
  same lead time keep the same one, so that as many stay interchangeable as in the real city).
- **Laws** are copied with each generation: its California serves its Bay Area and its Los Angeles, its Union its Madrid and its
  Munich. Every permit lasts 0.7 to 1.4 times as long, events move by up to a year.
- **Stacks** are copied in turn, those with most deals first. Prices, shares, fees, launch costs, delivery times and supply vary;
  supply grows with the number of cities and is spread over the stacks, so that it is as scarce as in the real catalogue.
  Whether a stack holds the permits of a law that its original holds is drawn anew for each generation.
- **Deployments**: every city gets two to four stacks with a deal, drawn from those that the law does not bar from its original
  and, where traffic keeps left, that are built with the wheel on the right. The reference's rules, budget and launches a quarter
  grow with the number of cities.

Response curves
---------------
A city's curves are kept under a key made of all bytes of its folder and of the figures that the service law reads. A copy has
another name, so it has another key, whatever else is left as it was. But geography, demand, speeds, weather, profiles and the
power of stalls stand untouched, and those are all that the curves are made from. So :func:`keep_curves` puts the original's
curves under each copy's key, and eight cities' curves serve a hundred; a test makes a copy's anew and compares. What varies
demand without new curves is the season, the rivals and the fare.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.portfolio_files import Copy, Portfolio, Recipe, files_of, renamed  # noqa: E402 - the path comes first
from fleetplan.catalogue import load_catalogue  # noqa: E402
from fleetplan.service import cache  # noqa: E402
from fleetplan.service.city import cache_file, city_service  # noqa: E402
from fleetplan.service.types import CityService, LadderLevel  # noqa: E402

USD_PER_CITY_QUARTER = 7.5e6  # the reference request's
LAUNCHES_PER_CITY_QUARTER = 3 / 8
NAMED = " + "  # between the parts of a level's name


def request_of(recipe: Recipe) -> dict[str, Any]:
    """Return the request that goes with a portfolio: the reference's rules, its budget and launches by number of cities."""
    launches = max(1, round(LAUNCHES_PER_CITY_QUARTER * recipe.cities))
    return {
        "name": f"Portfolio {recipe.cities} x {recipe.stacks}",
        "horizon": {"months": recipe.months, "single_months": recipe.single_months},
        "capital": {"per_quarter_usd": USD_PER_CITY_QUARTER * recipe.cities},
        "constraints": [
            {"id": "launch-teams", "type": "launches_per_quarter", "max": launches},
            {"id": "two-stacks", "type": "stacks_per_city", "max": 2},
        ],
    }


def write(recipe: Recipe, folder: Path) -> Path:
    """Write the catalogue below a folder that holds nothing else, and the request beside it; return the catalogue's root."""
    root = folder / "cities"
    for path, text in files_of(Portfolio.of(recipe)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    (folder / "request.json").write_text(json.dumps(request_of(recipe), indent=2) + "\n", encoding="utf-8")
    return root


def keep_curves(recipe: Recipe, root: Path, cache_dir: Path | None = None) -> int:
    """Keep the originals' curves under the keys of their copies; return how many were not kept yet."""
    portfolio, made = Portfolio.of(recipe), load_catalogue(root)
    missing = [(c, path) for c in portfolio.cities if not (path := cache_file(made, c.slug, cache_dir)).exists()]
    for copy, path in missing:
        cache.store(curves_of(city_service(portfolio.real, copy.origin, cache_dir=cache_dir), copy), path)
    return len(missing)


def curves_of(service: CityService, copy: Copy) -> CityService:
    """Return a city's curves under the names of its copy."""
    return replace(service, city=copy.slug, levels=tuple(_level_of(level, copy) for level in service.levels))


def _level_of(level: LadderLevel, copy: Copy) -> LadderLevel:
    """Return a level under the names of a copy; a level that needs permits names them."""
    new = {permit: renamed(permit, copy.number) for permit in level.requires}
    name = NAMED.join(new.get(part, part) for part in level.name.split(NAMED))
    surface = replace(level.surface, city=copy.slug)
    return replace(level, city=copy.slug, name=name, requires=tuple(new.values()), surface=surface)


def main() -> None:
    """Write a portfolio and keep its curves."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    for name, default in (("cities", 30), ("stacks", 12), ("seed", 7), ("months", 48), ("single-months", 12)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = vars(parser.parse_args())
    folder = given.pop("folder")
    recipe = Recipe(**given)
    root = write(recipe, folder)
    kept = keep_curves(recipe, root)
    print(f"{root}: {recipe.cities} cities, {recipe.stacks} stacks, seed {recipe.seed}; curves kept anew for {kept}")


if __name__ == "__main__":
    main()
