#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""audit.py JOURNAL: verifies the chain of a journal without Tocsin, from docs/journal.md alone.

Prints "whole, N rows, head HASH" and exits with 0, or names the first row that does not fit and exits with 1.
"""
import hashlib
import sqlite3
import struct
import sys

COLUMNS = ("seq uuid time_ns boot_id rule priority kind cgroup_id cgroup_path container_id pid start_ns comm exe json").split()


def canonical(value):
    if value is None:
        return b"N"
    if isinstance(value, int):
        return b"I" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"R" + struct.pack(">d", value)
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
        return b"T" + struct.pack(">I", len(value)) + value
    return b"B" + struct.pack(">I", len(value)) + value


def seal(*values):
    return hashlib.sha256(b"".join(map(canonical, values))).digest()


def fail(words):
    print(words)
    sys.exit(1)


def begin(db):
    """Number and hash behind which the chained rows begin."""
    *values, digest = db.execute(
        "SELECT form, seq, reason, time_ns, boot_id, predecessor, predecessor_head, hash FROM origin").fetchone()
    if seal("origin", *values) != digest:
        fail("the origin was changed")
    seq = values[1]
    for row in db.execute("SELECT first_seq, seq, hash, count, undelivered, time_ns, boot_id, told, seal"
                          " FROM checkpoints ORDER BY id"):
        if seal("checkpoint", *row[:-1]) != row[-1]:
            fail(f"the checkpoint at row {row[1]} was changed")
        if row[2] is not None:
            seq, digest = row[1], row[2]
    return seq, digest


def main():
    db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    db.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    seq, digest = begin(db)
    hashes = {seq: digest}
    rows = 0
    for *values, stored in db.execute(f"SELECT {', '.join(COLUMNS)}, hash FROM entries WHERE seq > ? ORDER BY seq", (seq,)):
        if values[0] != seq + 1:
            fail(f"row {seq + 1} is missing")
        if seal(digest, *values) != stored:
            fail(f"row {values[0]} does not fit")
        seq, digest, rows = values[0], stored, rows + 1
        hashes[seq] = digest
    head = None
    for *values, stored in db.execute("SELECT seq, hash, time_ns, boot_id, seal FROM heads ORDER BY id"):
        if seal("head", *values) != stored or hashes.get(values[0], values[1]) != values[1]:
            fail(f"the head at row {values[0]} was changed")
        head = values[0]
    if rows and head != seq:
        fail(f"the last head is of row {head}, the last row is {seq}")
    print(f"whole, {rows} rows, head {digest.hex()}")


main()
