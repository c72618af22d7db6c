"""Kafka: a worker of a consumer group, which loses nothing when it dies.

    python with_kafka.py                               # a broker in this process, and one worker
    python with_kafka.py BROKERS TOPIC DATABASE        # another worker; as many as partitions

Threads: a worker verifies what it was given at once, so ``threads=None`` takes all cores; where
each core has a worker of its own, leave it out.

Offsets are committed after the verdicts are stored. A worker that dies between the two leaves
messages that another verifies again, so verdicts are stored under partition and offset. Traps:
``enable.auto.commit`` would commit what is not stored yet; the mock broker forgets what is above
some 5 MB in a partition, and has four.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import archive
import pyarrow as pa
from confluent_kafka import Consumer, KafkaException, Producer

from cmcodec import arrow

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLE = """CREATE TABLE IF NOT EXISTS verdicts (place INTEGER, position INTEGER, id INTEGER,
    verdict TEXT, reason TEXT, PRIMARY KEY (place, position))"""


def work(consumer: Consumer, database: sqlite3.Connection, *, most: int = 1000) -> None:
    """Verifies what comes and stores what it is, until nothing comes for ten seconds."""
    while records := consumer.consume(most, timeout=1) or consumer.consume(1, timeout=10):
        if failed := [record.error() for record in records if record.error()]:
            raise KafkaException(failed[0])
        octets = pa.array([record.value() for record in records], pa.binary())
        found = arrow.verify(octets, threads=None).to_pyarrow().select(["verdict", "reason"])
        places = [(each.partition(), each.offset(), int(each.key() or b"")) for each in records]
        rows = [
            (*place, *row.values()) for place, row in zip(places, found.to_pylist(), strict=True)
        ]
        with database:
            database.executemany("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)", rows)
        consumer.commit(asynchronous=False)


def worker(brokers: str, topic: str, path: str, *, group: str = "cmcodec") -> None:
    """One worker of a group."""
    settings = {
        "bootstrap.servers": brokers,
        "group.id": group,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 6000,
    }
    consumer = Consumer(settings)
    consumer.subscribe([topic])
    with closing(sqlite3.connect(path, timeout=60)) as database:
        database.execute(TABLE)
        try:
            work(consumer, database)
        finally:
            consumer.close()


def stored(path: str) -> pa.Table:
    """What workers stored: number, verdict and reason of each message."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT id, verdict, reason FROM verdicts").fetchall()
    return pa.Table.from_pylist(
        [dict(zip(("id", "verdict", "reason"), row, strict=True)) for row in rows]
    )


def broker(topic: str, messages: Iterable[bytes | None], known: str = "") -> tuple[Producer, str]:
    """A mock broker with messages under their numbers, as long as the producer lives.

    Or one that is ``known`` already gets them.
    """
    where = {"bootstrap.servers": known} if known else {"test.mock.num.brokers": 1}
    producer = Producer({"queue.buffering.max.kbytes": 1 << 20, **where})
    for number, message in enumerate(messages):
        producer.produce(topic, message, key=str(number))
    producer.flush()
    (only,) = producer.list_topics().brokers.values()
    return producer, f"{only.host}:{only.port}"


def verified(path: str) -> pa.Table:
    """What the messages in a Parquet file are, by way of a broker."""
    messages = archive.read(path)
    producer, brokers = broker("enrolment", messages)
    worker(brokers, "enrolment", f"{path}.sqlite")
    del producer
    return stored(f"{path}.sqlite")


if __name__ == "__main__":
    if sys.argv[1:]:
        worker(*sys.argv[1:])
    else:
        archive.main(verified)
