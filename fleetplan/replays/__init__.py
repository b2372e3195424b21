"""Which of a plan's months are replayed request by request, and what came of it, as plain typed facts."""
