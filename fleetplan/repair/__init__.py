"""Requests near one without a plan that have one: what may be loosened, by how little, and what that is worth."""
