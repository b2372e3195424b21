"""The HTTP service; empty in this release, which is a library and a command line."""
