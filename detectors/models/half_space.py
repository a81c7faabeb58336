"""river's Half-Space Trees, saved as plain numbers.

Tan, Ting and Liu, *Fast anomaly detection for streaming data* (IJCAI 2011), as in `river.anomaly.HalfSpaceTrees`. The trees
follow from seed and feature names alone; what they were taught is the mass of each node. So saved are masses, window counter
and names, never an object: what is restored scores and learns exactly as what was saved (tests/test_peers.py).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

TREES: Final = 10
HEIGHT: Final = 5
NODES: Final = TREES * (2 ** (HEIGHT + 1) - 1)
WINDOW: Final = 120  # vectors; the first window only learns
_SEED: Final = 20_260_301
_NOT_BUILT: Final = 0.5  # any value builds the same trees


@cache
def load() -> Any:
    """The class. It takes longer to import than all else together (river imports scipy), and most processes build no tree."""
    from river.anomaly import HalfSpaceTrees

    return HalfSpaceTrees


class Trees:
    """Half-Space Trees over named features between 0 and 1; all names in every vector, always the same.

    What was restored is built when it is first asked: reading a page to see when it wakes up must cost nothing.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._told: tuple[Any, ...] = (list(names), 0, True, [0] * NODES, [0] * NODES)
        self._model: Any = None

    @property
    def is_warm(self) -> bool:
        """Whether the first window is full."""
        return not (self._told[2] if self._model is None else self._model._first_window)

    def score(self, vector: dict[str, float]) -> float:
        """0 (usual) to 1; 0 while warming up."""
        return float(self._built().score_one(vector))

    def learn(self, vector: dict[str, float]) -> None:
        """Score before you learn."""
        self._built().learn_one(vector)

    def _built(self) -> Any:
        if self._model is None:
            model: Any
            model = load()(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=_SEED)
            # Trees are built at the first vector: what it leaves is overwritten.
            model.learn_one(dict.fromkeys(self.names, _NOT_BUILT))
            _, model.counter, model._first_window, reference, latest = self._told
            for node, r_mass, l_mass in zip(_nodes(model), reference, latest, strict=True):
                node.r_mass, node.l_mass = r_mass, l_mass
            self._model = model
        return self._model

    def saved(self) -> tuple[Any, ...]:
        """Plain numbers; equal models give equal ones."""
        if self._model is None:
            return self._told
        nodes = _nodes(self._model)
        return (
            list(self.names), self._model.counter, self._model._first_window, [node.r_mass for node in nodes],
            [node.l_mass for node in nodes],
        )  # fmt: skip

    @classmethod
    def restored(cls, saved: tuple[Any, ...] | list[Any]) -> Trees:
        """The model that was saved; raises `ValueError` for what none was."""
        names, counter, first_window, reference, latest = saved
        if type(counter) is not int or not 0 <= counter < WINDOW or type(first_window) is not bool:
            raise ValueError("no window")
        if not names or not all(type(name) is str for name in names):
            raise ValueError("no names")
        for masses in (reference, latest):
            if len(masses) != NODES or not all(type(mass) is int and 0 <= mass <= WINDOW for mass in masses):
                raise ValueError("masses of other trees")
        trees = cls(tuple(names))
        trees._told = (list(names), counter, first_window, list(reference), list(latest))
        return trees


def _nodes(model: Any) -> list[Any]:
    return [node for tree in model._tree_nodes for node in tree]
