"""Pages for people: the same plans as under ``/v1``, rendered on the server with small scripts of our own."""
