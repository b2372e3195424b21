"""The plan: its schema, how it is put together from a solution, and the independent checker."""
