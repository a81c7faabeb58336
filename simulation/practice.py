"""How does an institution treat, beyond what an illness needs? The ways of its doctors, honest or not.

They differ a little everywhere. Schemes change them by the same numbers by which ordinary life does, so that what is
then charged comes from the same shelves, at the same hours, as with everybody else.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class Practice:
    """Arrays by institution, as they are on the day."""

    zeal: NDArray[np.float64]  # what a day or a visit costs, as a multiple of what the illness needs
    stretch: NDArray[np.float64]  # how long a stay lasts, likewise
    dear: NDArray[np.float64]  # chance (0–1) that the dearest of a group is taken instead of the usual one
    own_paid: NDArray[np.float64]  # share of the bill (0–1) that the patient pays alone (丙), on top of the usual


def usual(institutions: int, rng: np.random.Generator) -> Practice:
    """The honest ways of so many institutions."""
    return Practice(
        zeal=rng.lognormal(0.0, 0.07, institutions).clip(0.85, 1.2),
        stretch=rng.lognormal(0.0, 0.05, institutions).clip(0.88, 1.14),
        dear=rng.uniform(0.0, 0.05, institutions),
        own_paid=rng.uniform(0.0, 0.02, institutions),
    )
