"""Plan again with something changed: patch the request, start from the earlier plan, keep what was published."""
