#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py JOURNAL KEY MESSAGES...: was every row of the journal consumed from Kafka, and in order?

MESSAGES are files of `tocsin-kafka-peer read`; KEY is the output's (cgroup, rule). Every row must have
arrived at least once, with its own uuid and bytes, or with a stand-in where it was too large; all of a key in
one partition; and the first arrivals within a key in the order of the journal. What was seen is printed.
Exit 1 when something is wrong.
"""

import json
import sqlite3
import sys

COLUMNS = {"cgroup": "coalesce(cgroup_path, '-')", "rule": "coalesce(rule, kind)"}


def rows_of(path, key):
    journal = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    query = f"SELECT seq, uuid, {COLUMNS[key]}, json FROM entries ORDER BY seq"
    return {row[0]: row[1:] for row in journal.execute(query)}


def is_stand_in(text, seq, uuid, row_json):
    stand_in = json.loads(text)
    return (
        stand_in.get("too_large_bytes") == len(row_json.encode())
        and stand_in["seq"] == seq
        and stand_in["uuid"] == uuid
    )


class Seen:
    def __init__(self, rows):
        self.rows = rows
        self.times = dict.fromkeys(rows, 0)
        self.last_of_key = {}
        self.partition_of_key = {}
        self.stand_ins = 0
        self.wrong = []

    def complain(self, what):
        self.wrong.append(what)

    def take(self, line):
        partition, offset, key, seq, uuid, content_type, text = line.rstrip("\n").split("\t", 6)
        seq = int(seq)
        if seq not in self.rows:
            return self.complain(f"seq {seq} is not in the journal")
        row_uuid, row_key, row_json = self.rows[seq]
        if (uuid, key, content_type) != (row_uuid, row_key, "application/json"):
            self.complain(f"seq {seq} has {uuid} {key} {content_type}, not {row_uuid} {row_key}")
        if text != row_json:
            if is_stand_in(text, seq, row_uuid, row_json):
                self.stand_ins += 1
            else:
                self.complain(f"seq {seq} has other bytes than its row")
        if key != "-" and self.partition_of_key.setdefault(key, partition) != partition:
            self.complain(f"key {key} is in two partitions")
        if not self.times[seq]:
            if key != "-" and seq < self.last_of_key.get(key, 0):
                self.complain(f"{key}: {seq} comes first behind {self.last_of_key[key]}")
            self.last_of_key[key] = seq
        self.times[seq] += 1


def main():
    journal, key, *files = sys.argv[1:]
    seen = Seen(rows_of(journal, key))
    for path in files:
        with open(path, encoding="utf-8", newline="\n") as messages:
            for line in messages:
                seen.take(line)
    missing = [seq for seq, times in seen.times.items() if not times]
    more = sum(times - 1 for times in seen.times.values() if times)
    print(
        f"{len(seen.rows)} rows, {len(seen.rows) - len(missing)} consumed, {len(missing)} missing, {more} more than"
        f" once, {seen.stand_ins} stand-ins, {len(seen.last_of_key)} keys in"
        f" {len(set(seen.partition_of_key.values()))} partitions, {len(seen.wrong)} wrong"
    )
    for what in seen.wrong[:10] + [f"seq {seq} is missing" for seq in missing[:10]]:
        print("   ", what)
    sys.exit(bool(missing or seen.wrong or not seen.rows))


main()
