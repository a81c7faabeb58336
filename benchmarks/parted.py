"""How does the engine run in several processes, each with partitions of its own, without a broker?

Every process runs the three stages on its partitions. Between the stages all of them wait for one another, and each reads the
files that the others wrote for it: what goes through Kafka's internal topics in the service, in batches as large as they get.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.replaying import lines_of
from detectors.engine import graph, marks
from detectors.engine.incoming import Effects, Incoming
from detectors.engine.stage import FIRST, Stage
from schemas.alerts import Alert
from stream import garbage
from stream.known import KnownReferences
from stream.outbox import partition_of
from stream.rules_file import configured_rules

PARTITIONS = 16
_BATCH = 500
_spawn = get_context("spawn")


class Sent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record of an internal topic."""

    partition: int
    key: bytes | None
    value: bytes


class Share(msgspec.Struct, frozen=True):
    """What one process has: its partitions, their transactions in order, and the persons that are keyed to them."""

    partitions: list[int]
    transactions: list[tuple[int, bytes]]
    persons: list[tuple[int, bytes, bytes]]


class Done(msgspec.Struct, frozen=True):
    """What one process took, and which alerts it left open."""

    seconds: float
    cpu: float
    open_alerts: list[str] = []


class _Institution(msgspec.Struct):
    fixmedins_code: str
    inf_time: str


class _Person(msgspec.Struct):
    psn_no: str


def parted_run(folder: Path, workers: int) -> list[Done]:
    """The county's whole history by so many processes."""
    return _together(folder, workers, _run_stages)


def alone_decoding(folder: Path, workers: int) -> list[Done]:
    """The same lines, merely decoded, by so many processes."""
    return _together(folder, workers, _decode)


def _together(folder: Path, workers: int, job: Any) -> list[Done]:
    owners = _owners(folder, workers)
    barrier, results = _spawn.Barrier(workers), _spawn.SimpleQueue()
    with tempfile.TemporaryDirectory() as exchange:
        arguments = [(folder, owners, worker, Path(exchange), barrier, results, job) for worker in range(workers)]
        processes = [_spawn.Process(target=_process, args=each) for each in arguments]
        for process in processes:
            process.start()
        done = [msgspec.json.decode(results.get(), type=Done) for _ in processes]
        for process in processes:
            process.join()
    return done


def _owners(folder: Path, workers: int) -> list[int]:
    """Which process has which partition: the fullest first, to whoever has least, so that none waits long at the end."""
    full = [0] * PARTITIONS
    for line in lines_of(folder):
        full[_partition(line)] += 1
    owners, loads = [0] * PARTITIONS, [0] * workers
    for partition in sorted(range(PARTITIONS), key=lambda each: -full[each]):
        owners[partition] = loads.index(min(loads))
        loads[owners[partition]] += full[partition]
    return owners


def _partition(line: bytes) -> int:
    return partition_of(_institution(line).fixmedins_code.encode(), PARTITIONS)


_institution = msgspec.json.Decoder(_Institution).decode
_person = msgspec.json.Decoder(_Person).decode


def _share(folder: Path, owners: list[int], worker: int) -> Share:
    mine = [partition for partition in range(PARTITIONS) if owners[partition] == worker]
    lines = [(partition, line) for line in lines_of(folder) if (partition := _partition(line)) in mine]
    persons = []
    for line in (folder / "persons.jsonl").read_bytes().splitlines():
        key = _person(line).psn_no.encode()
        persons.append((partition_of(key, PARTITIONS), key, line))
    return Share(mine, lines, [person for person in persons if person[0] in mine])


def _process(
    folder: Path, owners: list[int], worker: int, exchange: Path, barrier: Barrier, results: Any, job: Any
) -> None:  # fmt: skip
    share = _share(folder, owners, worker)
    run = job(share, owners, worker, folder, exchange)
    next(run)  # all is loaded
    garbage.tame()
    barrier.wait()
    began, cpu = time.perf_counter(), time.process_time()
    left: list[str] = []
    for opened in run:  # at the end of every stage
        left += opened
        barrier.wait()
    results.put(msgspec.json.encode(Done(time.perf_counter() - began, time.process_time() - cpu, left)))


def _decode(share: Share, *more: object) -> Iterator[list[str]]:
    decode = msgspec.json.Decoder().decode
    yield []
    for _, line in share.transactions:
        decode(line)
    yield []


def _run_stages(share: Share, owners: list[int], worker: int, folder: Path, exchange: Path) -> Iterator[list[str]]:
    references, rules = KnownReferences(), list(configured_rules())
    for line in (folder / "institutions.jsonl").read_bytes().splitlines():
        references.put_institution(line)
    for line in (folder / "catalogue.jsonl").read_bytes().splitlines():
        references.put_item(line)
    office = _Office(owners, worker, exchange)
    stages = {
        name: {p: graph.open_stage(name, p, PARTITIONS, {}, references, rules) for p in share.partitions}
        for name in graph.STAGES
    }
    end = max(_institution(line).inf_time for _, line in share.transactions)
    yield []
    for name, own in stages.items():
        if name == FIRST:
            office.take(name, own, "transactions", _transactions(share, end))
        else:
            if name == "person":
                office.take(name, own, "persons", _persons(share))
            office.take(name, own, graph.ROLE_OF_FORWARD[name], office.received(name))
        for after in graph.NEXT.get(name, (FIRST,)):
            office.post(after)
        yield []
    office.take(FIRST, stages[FIRST], graph.ROLE_OF_FORWARD[FIRST], office.received(FIRST))
    yield office.left_open()


def _transactions(share: Share, end: str) -> Iterator[Incoming]:
    offsets = dict.fromkeys(share.partitions, 0)
    far = 2**42  # milliseconds: no clock is ahead
    for partition, line in share.transactions:
        yield Incoming(partition, offsets[partition], far, None, line)
        offsets[partition] += 1
    mark = msgspec.json.encode({"mark": end})
    for partition, offset in offsets.items():
        yield Incoming(partition, offset, far, None, mark, True)


def _persons(share: Share) -> Iterator[Incoming]:
    for offset, (partition, key, line) in enumerate(share.persons):
        yield Incoming(partition, offset, 0, key, line)


class _Office:
    """Hands records to the stages in batches, and what they send on to whoever has its partition."""

    def __init__(self, owners: list[int], worker: int, exchange: Path) -> None:
        self._owners = owners
        self._worker = worker
        self._workers = max(owners) + 1
        self._exchange = exchange
        self._sent: dict[str, list[list[Sent]]] = {}
        self._alerts: dict[str, Alert] = {}

    def take(self, name: str, stages: dict[int, Stage], role: str, records: Iterable[Incoming]) -> None:
        """Records in the order of their partitions; pages stay in memory, as in a replay."""
        waiting: dict[int, list[Incoming]] = {}
        for record in records:
            batch = waiting.setdefault(record.partition, [])
            batch.append(record)
            if len(batch) == _BATCH:
                self._follow(name, record.partition, stages[record.partition].take(role, batch))
                waiting[record.partition] = []
        for partition, batch in waiting.items():
            if batch:
                self._follow(name, partition, stages[partition].take(role, batch))

    def _follow(self, name: str, source: int, effects: Effects) -> None:
        for alert in effects.alerts:
            self._alerts[alert.alert_id] = alert
        for forward in effects.forwards:
            partition = partition_of(forward.key, PARTITIONS)
            self._to(forward.stage)[self._owners[partition]].append(Sent(partition, forward.key, forward.value))
        if effects.mark is None:
            return
        mark = marks.encode(source, effects.mark)
        for after in graph.NEXT.get(name, ()):
            for partition in range(PARTITIONS):
                self._to(after)[self._owners[partition]].append(Sent(partition, None, mark))

    def _to(self, stage: str) -> list[list[Sent]]:
        return self._sent.setdefault(stage, [[] for _ in range(self._workers)])

    def post(self, stage: str) -> None:
        """Write what was sent to that stage where the others find it after the next barrier."""
        for to, sent in enumerate(self._to(stage)):
            self._file(stage, self._worker, to).write_bytes(msgspec.msgpack.encode(sent))

    def received(self, stage: str) -> Iterator[Incoming]:
        """What all have sent to this process's partitions of that stage."""
        offset = 0
        for source in range(self._workers):
            file = self._file(stage, source, self._worker)
            for sent in msgspec.msgpack.decode(file.read_bytes(), type=list[Sent]):
                yield Incoming(sent.partition, offset, 0, sent.key, sent.value)
                offset += 1

    def _file(self, stage: str, source: int, to: int) -> Path:
        return self._exchange / f"{stage}-from-{source}-to-{to}"

    def left_open(self) -> list[str]:
        """Ids, once."""
        alerts, self._alerts = self._alerts, {}
        return [alert_id for alert_id, alert in alerts.items() if alert.status == "open"]
