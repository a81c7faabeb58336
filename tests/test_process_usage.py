"""What a process says of its own memory is its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stream.process_usage import peak_rss_bytes

MIB = 2**20
_SMALL = "from stream.process_usage import peak_rss_bytes; print(peak_rss_bytes())"
_LARGE = f"""
import subprocess, sys
from stream.process_usage import peak_rss_bytes
taken = bytearray({400 * MIB})
print(peak_rss_bytes(), flush=True)
subprocess.run([sys.executable, "-c", "{_SMALL}"], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels say it in their own way")
def test_the_memory_of_whoever_started_it_is_not_a_process_s_own() -> None:
    told = subprocess.run([sys.executable, "-c", _LARGE], check=True, capture_output=True, text=True).stdout
    large, small = map(int, told.split())
    assert large > 400 * MIB
    assert 0 < small < 200 * MIB


def test_memory_that_was_given_back_is_remembered() -> None:
    taken = bytearray(64 * MIB)
    most = peak_rss_bytes()
    del taken
    assert peak_rss_bytes() > most - MIB  # the kernel counts in steps
