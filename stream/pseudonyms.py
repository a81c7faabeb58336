"""How does an alert name a person where personal numbers must not leave the service?

By a keyed pseudonym (HMAC-SHA-256): the same person is the same pseudonym in every alert, so an investigation can follow
him, and only who has the key can tell whose it is. Without a key ``psn_no`` is published as it is.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

import msgspec

from schemas.alerts import Alert
from stream.secret import Secret

_LETTERS = 20  # 100 bits: two of a nation's persons share one with a probability of about 1e-12


def pseudonymiser(key: Secret | None) -> Callable[[Alert], Alert]:
    """What turns an alert into the one that is published."""
    if key is None:
        return lambda alert: alert
    pseudonym = pseudonym_of(key)
    return lambda alert: msgspec.structs.replace(alert, persons=[pseudonym(person) for person in alert.persons])


def pseudonym_of(key: Secret | None) -> Callable[[str], str]:
    """What turns a ``psn_no`` into what is shown in its place."""
    if key is None:
        return lambda psn_no: psn_no
    secret = key.reveal().encode()

    @lru_cache(maxsize=100_000)
    def pseudonym(psn_no: str) -> str:
        return "P" + b32encode(hmac.digest(secret, psn_no.encode(), sha256)).decode()[:_LETTERS]

    return pseudonym
