"""Rolling forward: what a plan expects to stand at a month, as a table that is corrected to what does, and planned on from."""
