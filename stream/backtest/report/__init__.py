"""A backtest's report: one HTML file that works offline, in Chinese and English, for whoever decides whether a rule goes live."""

from pathlib import Path

from stream.backtest.report.libraries import require
from stream.backtest.result import Result
from stream.errors import OperatorError

__all__ = ["require", "write"]


def write(result: Result, path: Path) -> int:
    """Write the report; its size in bytes. What stood at ``path`` goes only when the new one is whole."""
    require()
    from stream.backtest.report.page import page  # imports what `require` has made sure of

    content = page(result).encode()
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written ({error.strerror})", "give another --report") from None
    return len(content)
