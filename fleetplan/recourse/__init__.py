"""Plans that stand delays: scenario sets, what is decided before a delay is known, and how plans adapt once it is."""
