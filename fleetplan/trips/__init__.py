"""A table of trips becomes a city's demand: which zones people travel between, at which hours, on which days."""
