"""A plan made elsewhere, put to the test: which rules it breaks, what it is worth, and which plan lies nearest to it."""
