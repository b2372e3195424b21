"""Requests that are being written: as text with its comments kept, as a form, and where they can start."""
