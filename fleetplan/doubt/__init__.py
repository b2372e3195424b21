"""What doubtful figures could do to a plan: decisions held fixed, trips and money worked out anew in many futures at once."""
