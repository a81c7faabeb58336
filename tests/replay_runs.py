"""How do tests run a replay over lines that are at hand, whole or in parts, in one process or several?"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from detectors.engine.incoming import Incoming
from detectors.engine.rule import Rule
from stream.replay import Progress, Replay, Window
from tests.engine_run import TIMESTAMP_MS, References, every_rule
from tests.golden_county import golden_county


class ReplayRun:
    """A replay, with every revision that it has published."""

    def __init__(
        self, references: References, rules: Sequence[Rule[Any]] | None = None, *, window: Window | None = None,
        jobs: int = 1, progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self.history = io.BytesIO()
        self.replay = Replay(
            every_rule() if rules is None else rules, TIMESTAMP_MS, window, self.history, jobs=jobs, with_courses=True,
            progress=progress,
        )  # fmt: skip
        for value in references.institutions:
            self.replay.references.put_institution(value)
        for value in references.catalogue:
            self.replay.references.put_item(value)
        if progress is None and references.persons:
            persons = [Incoming(0, n, TIMESTAMP_MS, None, value) for n, value in enumerate(references.persons)]
            self.replay.pipeline.take_persons(persons)

    def take(self, lines: Iterable[bytes], first: int = 0) -> ReplayRun:
        """Apply lines, numbered from ``first`` on."""
        self.replay.take(
            Incoming(0, first + n, TIMESTAMP_MS, None, line, line.startswith(b'{"mark"'))
            for n, line in enumerate(lines)
        )
        return self

    def finish(self) -> ReplayRun:
        """Bring it to its end, and end its processes."""
        self.replay.finish()
        self.replay.close()
        return self

    @property
    def written(self) -> bytes:
        """What ``--out`` would hold."""
        out = io.BytesIO()
        self.replay.write(out)
        return out.getvalue()

    @property
    def published(self) -> bytes:
        """What ``--history`` would hold."""
        return self.history.getvalue()


def golden_replay(
    rules: Sequence[Rule[Any]] | None = None, *, jobs: int = 1, window: Window | None = None
) -> ReplayRun:
    """The golden hits of every rule as one county."""
    county = golden_county()
    return ReplayRun(county.references, rules, jobs=jobs, window=window).take(county.sent).finish()
