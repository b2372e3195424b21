"""What the store refuses, in its own words; who answers over HTTP says it there (:func:`api.problems.of_store`).

StoreError
├── KeyReused      an idempotency key came back with another body
├── TooManyWait    as many plans are queued as may be
├── PlanUnknown    there is no plan with that id
├── PlanUnfinished the plan is still queued or running
├── AnswerDamaged  the stored file of an answer is gone, or holds something else than was stored
├── CardChanged    the card of a plan has changed since it was read
├── TooManyComments a plan has as many comments as it may
├── StoreFull      the disk is full
└── StoreUnusable  the folder or database is no store of ours: of another program, of a newer version, damaged, replaced
"""

from __future__ import annotations


class StoreError(Exception):
    """Base of everything the store refuses on purpose."""


class KeyReused(StoreError):
    """The idempotency key was used with another body."""


class TooManyWait(StoreError):
    """Too many plans wait."""


class PlanUnknown(StoreError):
    """There is no plan with this id."""


class PlanUnfinished(StoreError):
    """The plan is still being made and has to be cancelled first."""


class AnswerDamaged(StoreError):
    """The stored file of an answer is gone, or its bytes are not those that were stored."""


class CardChanged(StoreError):
    """What people say about a plan has changed since it was read."""


class TooManyComments(StoreError):
    """The plan has as many comments as it may."""


class StoreFull(StoreError):
    """There is no room left where plans are kept."""


class StoreUnusable(StoreError):
    """The folder or the database cannot be used as it stands; the message says why in a line."""
