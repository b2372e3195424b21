"""Questions to a plan that are answered by planning again: why not this, what would it cost, what stands in the way."""
