"""What the service keeps: plans, events, answers, keys; see :mod:`api.store.contract`."""
