"""What the limits of a plan are worth, by planning again with each of them a step looser or tighter."""
