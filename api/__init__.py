"""The planning service over HTTP: app, jobs and store. `fleetplan serve` runs it; docs/api.md tells how to use it."""
