"""Two processes side by side: one finds plans, one proves bounds; whoever asked holds the best of both.

    caller ──outline──► plan process (HiGHS):  patterns of entries, windows, whole vehicles, neighbourhoods
           ──outline──► bound process (SCIP):  branch and bound, "does this deployment enter at all" first
           ◄─plans, bounds──

Both are started by :class:`~fleetplan.optimize.pair.crew.Crew`, die with the caller and are killed when it has enough: nothing is
lost, since every plan is handed over whole when it is found.
"""
