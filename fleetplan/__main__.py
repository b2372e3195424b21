"""``python -m fleetplan`` is the command line."""

from __future__ import annotations

from fleetplan.cli import main

if __name__ == "__main__":
    main()
