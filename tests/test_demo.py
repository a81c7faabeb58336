"""`fundwatch demo`: the main job from nothing to a summary, and nothing left behind however it ends."""

import os
import re
import selectors
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from detectors.engine.registry import all_rules

ROOT = Path(__file__).parent.parent
SMALL = ["--days", "14", "--persons", "600", "--partitions", "2"]
SECONDS = 150


class Demo:
    """A demonstration in a process of its own, with its output so far."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.output = ""

    def read_until(self, text: str) -> None:
        """Waits for a text of its output."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while text not in self.output:
                assert time.monotonic() < deadline, self.output
                if selector.select(timeout=1):
                    read = os.read(self.process.stdout.fileno(), 65536)
                    assert read, self.output
                    self.output += read.decode()

    def ended(self) -> int:
        """Waits for its end, and gives its status."""
        rest, _ = self.process.communicate(timeout=SECONDS)
        self.output += rest.decode()
        return self.process.returncode


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[Demo]:
    command = [sys.executable, "-c", "from stream.cli import main; main()", "demo", *SMALL, *arguments]
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield Demo(process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)


def left_behind(folder: Path) -> list[str]:
    """Files in the folder, and processes whose command line or environment names it."""
    found = [str(path) for path in folder.iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:  # it ended meanwhile, or is somebody else's
            continue
        if str(folder).encode() in words and process.name != str(os.getpid()):
            found.append(words.decode(errors="replace"))
    return found


@pytest.mark.timeout(300)
def test_without_a_terminal_it_shows_everything_and_stops_by_itself(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        assert running.ended() == 0, running.output
    steps = re.findall(r"^\[(\d)/6\] ", running.output, re.M)
    assert steps == ["1", "2", "3", "4", "5", "6"]
    for rule in all_rules().values():
        assert rule.title.zh in running.output
    sent = re.search(r"sending ([\d,]+) transactions", running.output)
    done = re.search(r"([\d,]+) transactions in [\d.]+ s, [\d,]+ per second", running.output)
    assert sent
    assert done
    assert sent[1] == done[1]
    assert re.search(r"¥[\d,.]+ of the fund at risk in all \(each visit counted once\), 0 dead letters", running.output)
    assert "docs/architecture.md" in running.output
    assert left_behind(tmp_path) == []


@pytest.mark.timeout(300)
def test_asked_to_stay_it_serves_its_metrics_until_ctrl_c_and_then_ends_well(tmp_path: Path) -> None:
    with demo(tmp_path, "--stay", "--lang", "en", "--show", "0") as running:
        running.read_until("Still running; Ctrl-C ends it.")
        address = re.search(r"metrics: (http://127\.0\.0\.1:\d+/metrics)", running.output)
        assert address
        with urllib.request.urlopen(address[1], timeout=10) as answer:
            assert b"fundwatch_" in answer.read()
        assert len(left_behind(tmp_path)) >= 3  # the folder, the broker, the worker: what is looked for below is seen
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == 0, running.output
    assert left_behind(tmp_path) == []


def interrupted(folder: Path, step: str, number: signal.Signals) -> tuple[int, list[str], str]:
    """What it ended with, what it left behind, and what it said."""
    folder.mkdir()
    with demo(folder) as running:
        running.read_until(step)
        running.process.send_signal(number)
        status = running.ended()
    return status, left_behind(folder), running.output


@pytest.mark.timeout(300)
def test_interrupted_on_the_way_it_stops_what_it_started(tmp_path: Path) -> None:
    """Two at once, one with Ctrl-C while it sets up, one with SIGTERM at its last step: neither is in the other's way."""
    with ThreadPoolExecutor() as both:
        early = both.submit(interrupted, tmp_path / "early", "[3/6]", signal.SIGINT)
        late = both.submit(interrupted, tmp_path / "late", "[6/6]", signal.SIGTERM)
        ended = early.result(), late.result()
    for status, left, output in ended:
        assert status == 130, output
        assert left == [], output


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mine.txt").write_text("mine")
    with demo(tmp_path, "--data", str(kept)) as running:
        assert running.ended() == 1
    assert "is not empty" in running.output
    assert (kept / "mine.txt").read_text() == "mine"
