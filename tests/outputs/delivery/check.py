#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py JOURNAL FILE...: whether the lines of the files, in this order, are rows of the journal: each at least once,
byte for byte, and a row comes behind a later one only where the output went back. Prints what is not so."""

import json
import sqlite3
import sys


def main():
    journal, files = sys.argv[1], sys.argv[2:]
    rows = dict(sqlite3.connect(f"file:{journal}?mode=ro", uri=True).execute("SELECT seq, json FROM entries"))
    told, last, back = set(), 0, 0
    for name in files:
        with open(name, encoding="utf-8", newline="\n") as lines:
            for line in lines:
                if not line.endswith("\n"):
                    sys.exit(f"{name}: a torn line: {line[:80]}")
                seq = json.loads(line)["seq"]
                if rows.get(seq) != line[:-1]:
                    sys.exit(f"{name}: row {seq} is not as the journal has it")
                back += seq <= last
                if seq > last + 1:
                    sys.exit(f"{name}: row {seq} comes behind row {last}")
                last = seq
                told.add(seq)
    missing = sorted(set(rows) - told)
    if missing:
        sys.exit(f"{len(missing)} of {len(rows)} rows are missing, the first is {missing[0]}")
    print(f"{len(rows)} rows, {back} told again")


main()
