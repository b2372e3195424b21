"""From numbers to decisions: formulation, search with a proven bound, conflicts."""
