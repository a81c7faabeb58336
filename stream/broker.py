"""How is a real Kafka run on a laptop, and for a test?

One Java process, KRaft, on loopback. It holds a lock on a file of its folder for as long as it lives, so who asks
whether it runs is never deceived by a process id that was left behind or given to somebody else.
"""

import base64
import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from stream.errors import OperatorError
from stream.kafka_jars import BROKER_FILES, fetched_jars, required_program

HOST = "127.0.0.1"
_READY = "Kafka Server started"
_START_SECONDS = 90.0  # 3 s on an idle machine; the rest is for two busy cores
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05
_PORT_ATTEMPTS = 3


class PortTaken(OperatorError):
    """Somebody else listens on the port that the broker should have.

    Operator action: stop that program, or choose another port.
    """


class Running(msgspec.Struct, frozen=True):
    """A broker that runs: its process and where it listens."""

    pid: int
    address: str


def running(directory: Path) -> Running | None:
    """The broker that runs with this folder, or None."""
    try:
        with open(directory / "broker.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return msgspec.json.decode(_text_when_there(directory / "broker.json"), type=Running)


def start(
    directory: Path,
    port: int,
    properties: Mapping[str, str] | None = None,
    format_arguments: Sequence[str] = (),
) -> Running:
    """Starts a broker and waits until it serves; when one runs already with this folder, that one is returned.

    `properties` replace or add to those of `deploy/broker/server.properties`; `format_arguments` go to Kafka's
    StorageTool when the folder is new (`--add-scram …`). Raises `OperatorError` with the cure when it cannot start.
    """
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "start.lock", "w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        already = running(directory)
        if already is not None:
            return already
        _refuse_taken_port(port)
        java = [required_program("java", "openjdk-17-jre-headless"), "-Xmx512m", "-cp", f"{fetched_jars()}/*"]
        java.append(f"-Dlog4j2.configurationFile={BROKER_FILES / 'log4j2.properties'}")
        configuration = _write_properties(directory, port, properties or {})
        if not (directory / "log" / "meta.properties").exists():
            _format(java, configuration, format_arguments)
        return _launch(directory, port, [*java, "kafka.Kafka", str(configuration)])


def stop(directory: Path) -> bool:
    """Stops the broker of this folder, by its own process id; False when none ran."""
    broker = running(directory)
    if broker is None:
        return False
    for number, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, _STOP_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(broker.pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if running(directory) is None:
                with contextlib.suppress(
                    ChildProcessError
                ):  # where the broker is not our own child, nobody waits for us
                    os.waitpid(broker.pid, 0)
                (directory / "broker.json").unlink(missing_ok=True)
                return True
            time.sleep(_POLL_SECONDS)
    raise OperatorError(f"the broker (process {broker.pid}) does not end", f"see {directory / 'broker.log'}")


@contextlib.contextmanager
def running_broker(
    directory: Path,
    port: int | None = None,
    properties: Mapping[str, str] | None = None,
    format_arguments: Sequence[str] = (),
) -> Iterator[str]:
    """A broker for the time of a `with` block; gives its address, `127.0.0.1:port`. Without `port`, any free one."""
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        try:
            broker = start(directory, free_port() if port is None else port, properties, format_arguments)
            break
        except PortTaken:
            # Between our look and Java's bind, a free port may be handed to any other program.
            if port is not None or attempt == _PORT_ATTEMPTS:
                raise
    try:
        yield broker.address
    finally:
        stop(directory)


def free_port() -> int:
    """A port of loopback on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java binds: ports in TIME_WAIT are free
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise _port_taken(port, error.strerror or str(error)) from error


def _port_taken(port: int, reason: str) -> PortTaken:
    return PortTaken(
        f"the broker cannot listen on {HOST}:{port} ({reason}): not this folder's broker has the port",
        f"stop that program, or choose another port: FUNDWATCH_BROKER={HOST}:PORT",
    )


def _write_properties(directory: Path, port: int, properties: Mapping[str, str]) -> Path:
    """Writes server.properties into the folder; the controller gets a new free port at each start."""
    template = (BROKER_FILES / "server.properties").read_text(encoding="utf-8")
    for word, value in (("port", port), ("controller_port", free_port()), ("directory", directory)):
        template = template.replace(f"{{{word}}}", str(value))
    kept = [line for line in template.splitlines() if line.partition("=")[0] not in properties]
    configuration = directory / "server.properties"
    configuration.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in properties.items()), ""]))
    return configuration


def _format(java: Sequence[str], configuration: Path, arguments: Sequence[str]) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", str(configuration), *arguments]
    run = subprocess.run([*java, *tool], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode != 0:
        raise _not_started(run.stdout + run.stderr, configuration.parent)


def _launch(directory: Path, port: int, command: Sequence[str]) -> Running:
    """Starts the process, hands it the lock, and waits until it says that it serves."""
    (directory / "broker.json").unlink(missing_ok=True)
    log = directory / "broker.log"
    with open(directory / "broker.lock", "w") as lock, open(log, "w") as output:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock.fileno()],  # the lock lives as long as any process has it open: that is, as the broker
            start_new_session=True,  # a Ctrl-C meant for us is not meant for the broker
        )
        broker = Running(process.pid, f"{HOST}:{port}")
        (directory / "broker.json").write_bytes(msgspec.json.encode(broker))
    try:
        _wait_until_ready(process, log, port)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return broker


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: Path, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while _READY not in log.read_text(errors="replace"):
        if process.poll() is not None:
            text = log.read_text(errors="replace")
            if "BindException" in text or "Address already in use" in text:
                raise _port_taken(port, "Address already in use")
            raise _not_started(text, log.parent)
        if time.monotonic() > deadline:
            raise OperatorError(f"the broker was not ready within {_START_SECONDS:.0f} s", f"see {log}")
        time.sleep(_POLL_SECONDS)


def _not_started(text: str, directory: Path) -> OperatorError:
    if "UnsupportedClassVersionError" in text:
        return OperatorError(
            "this Java is too old for Kafka", "install it: sudo apt-get install openjdk-17-jre-headless"
        )
    lines = [line for line in text.splitlines() if "ERROR" in line or "Exception" in line]
    return OperatorError(f"the broker did not start: {lines[0] if lines else text.strip()[-200:]}", f"see {directory}")


def _text_when_there(path: Path) -> str:
    """The text of a file that another process is about to write."""
    for _ in range(100):
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(_POLL_SECONDS)
    raise OperatorError(f"{path} is missing although its broker runs", "end that Java process and start again")
