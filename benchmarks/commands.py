"""How does a benchmark run a program of its own beside itself: a command of ours, or a function in a fresh process?"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

from stream.settings import ENVIRONMENT_PREFIX, Settings, environment_name

PROJECT = Path(__file__).parent.parent
_GIVEN = ("broker", "prefix", "group", "data", "partitions")
P = ParamSpec("P")
T = TypeVar("T")


def fundwatch(*words: str, settings: Settings | None = None) -> str:
    """Run a command of ours; its standard output. Raises `CalledProcessError` where it fails."""
    return ran(sys.executable, "-c", "from stream.cli import main; main()", *words, settings=settings)


def module(name: str, *words: str) -> str:
    """Run a module of the benchmarks; its standard output."""
    return ran(sys.executable, "-W", "ignore", "-m", name, *words)


def ran(*words: str, settings: Settings | None = None) -> str:
    """Run a program from the project's folder, without this shell's settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
    if settings is not None:
        environment |= {environment_name(name): str(getattr(settings, name)) for name in _GIVEN}
    done = subprocess.run(words, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words[:6])} … ended with status {done.returncode}:\n{done.stderr[-2_000:]}")
    return done.stdout


def in_own_process(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What the function returns in a fresh process: its memory and its garbage are its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **options).result()
