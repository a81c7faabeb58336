"""river's Half-Space Trees, saved as plain numbers.

Tan, Ting and Liu, *Fast anomaly detection for streaming data* (IJCAI 2011), as in `river.anomaly.HalfSpaceTrees`. The trees
follow from seed and feature names alone; what they were taught is the mass of each node. So saved are masses, window counter
and names, never an object: what is restored scores and learns exactly as what was saved (tests/test_half_space.py).
"""

from __future__ import annotations

from typing import Any, Final

from river.anomaly import HalfSpaceTrees

TREES: Final = 10
HEIGHT: Final = 5
WINDOW: Final = 120  # vectors; the first window only learns
_SEED: Final = 20_260_301
_NOT_BUILT: Final = 0.5  # any value builds the same trees


class Trees:
    """Half-Space Trees over named features between 0 and 1; all names in every vector, always the same."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._model: Any
        self._model = HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=_SEED)
        # Trees are built at the first vector: learn one and forget it.
        self._model.learn_one(dict.fromkeys(names, _NOT_BUILT))
        self._model.counter = 0
        for nodes in self._model._tree_nodes:
            for node in nodes:
                node.l_mass = 0

    @property
    def is_warm(self) -> bool:
        """Whether the first window is full."""
        return not self._model._first_window

    def score(self, vector: dict[str, float]) -> float:
        """0 (usual) to 1; 0 while warming up."""
        return float(self._model.score_one(vector))

    def learn(self, vector: dict[str, float]) -> None:
        """Score before you learn."""
        self._model.learn_one(vector)

    def saved(self) -> tuple[Any, ...]:
        """Plain numbers; equal models give equal ones."""
        nodes = [node for tree in self._model._tree_nodes for node in tree]
        return (
            list(self.names), self._model.counter, self._model._first_window,
            [getattr(node, "r_mass", 0) for node in nodes], [getattr(node, "l_mass", 0) for node in nodes],
        )  # fmt: skip

    @classmethod
    def restored(cls, saved: tuple[Any, ...] | list[Any]) -> Trees:
        """The model that was saved; raises `ValueError` for what none was."""
        names, counter, first_window, reference, latest = saved
        trees = cls(tuple(names))
        nodes = [node for tree in trees._model._tree_nodes for node in tree]
        if len(nodes) != len(reference) or len(nodes) != len(latest):
            raise ValueError("masses of other trees")
        trees._model.counter, trees._model._first_window = counter, first_window
        for node, r_mass, l_mass in zip(nodes, reference, latest, strict=True):
            node.r_mass, node.l_mass = r_mass, l_mass
        return trees
