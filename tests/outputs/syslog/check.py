#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py JOURNAL RECEIVED STYLE TIMES FACILITY: is what rsyslog received what the journal has, row by row?

RECEIVED is written by the template of server.bash. STYLE is rfc5424 or bsd; TIMES is once or least (then a
message may come more than once). Of each row the header, every parameter of the structured data with its
escapes undone, and the document, put together from its parts, must be the journal's. What was seen is
printed. Exit 1 when something is wrong.
"""

import datetime
import json
import re
import sqlite3
import sys

BOM = "\ufeff"
COLUMNS = "seq, uuid, time_ns, rule, priority, kind, cgroup_id, cgroup_path, container_id, pid, exe, json"


def as_bytes(value):
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


def rows_of(path):
    journal = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    journal.text_factory = bytes
    rows = {}
    for row in journal.execute(f"SELECT {COLUMNS} FROM entries ORDER BY seq"):
        rows[row[1].decode()] = dict(zip(COLUMNS.split(", "), row))
    return rows


def unescape_value(text):
    """RFC 5424, section 6.3.3."""
    return re.sub(r'\\(["\\\]])', r"\1", text)


PLAIN = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


def unescape_text(text):
    """What tc_text_escape() did."""
    out = b""
    for plain, one, byte, character in re.findall(
        r"([^\\]+)|\\([\\nrt])|\\x([0-9a-f]{2})|\\u\{([0-9a-f]+)\}", text
    ):
        if plain:
            out += plain.encode()
        elif one:
            out += PLAIN[one].encode()
        elif byte:
            out += bytes([int(byte, 16)])
        else:
            out += chr(int(character, 16)).encode()
    return out


PARAM = r' ([a-z_]+)="((?:[^"\\\]]|\\.)*)"'


def parse_element(text):
    match = re.fullmatch(r"\[tocsin@32473((?:" + PARAM + r")*)\]", text, re.S)
    if not match:
        return None
    params = re.findall(PARAM, match.group(1), re.S)
    return {name: unescape_value(value) for name, value in params}


class Check:
    def __init__(self, rows, style, facility):
        self.rows, self.style, self.facility = rows, style, facility
        self.parts = {}
        self.times = dict.fromkeys(rows, 0)
        self.wrong = []
        self.n_parts = self.n_cut = self.n_truncated = 0

    def expect(self, what, seen, wanted):
        if seen != wanted:
            self.wrong.append(f"{what}: {seen!r}, not {wanted!r}"[:300])

    def check_header(self, row, seen):
        self.expect("pri", int(seen["pri"]), self.facility * 8 + row["priority"])
        self.expect("app-name", seen["app-name"], "tocsin")
        if self.style == "bsd":
            return
        self.expect("hostname", seen["hostname"], "test-host")
        self.expect("msgid", seen["msgid"], row["kind"].decode())
        self.expect("procid", seen["procid"].isdigit(), True)
        microseconds = row["time_ns"] // 1000
        time = datetime.datetime.fromtimestamp(microseconds // 1000000, datetime.timezone.utc)
        wanted = time.strftime("%Y-%m-%dT%H:%M:%S") + f".{microseconds % 1000000:06}"
        self.expect("time", seen["time"].replace("+00:00", "").replace("Z", ""), wanted)

    def check_params(self, row, params):
        document = json.loads(row["json"])
        fields = document["output_fields"]
        wanted = {
            "seq": str(row["seq"]).encode(),
            "rule": row["rule"],
            "kind": row["kind"],
            "cgroup_id": row["cgroup_id"] is not None and str(row["cgroup_id"]).encode(),
            "pid": row["pid"] is not None and str(row["pid"]).encode(),
            "container": row["container_id"],
            "exe": as_bytes(row["exe"]),
            "cgroup": as_bytes(row["cgroup_path"]),
            "user": str(fields.get("user.name", fields.get("user.uid"))).encode(),
            "tags": ",".join(document["tags"]).encode(),
        }
        cut = params.get("truncated", "").split()
        self.n_truncated += bool(cut)
        for name, value in wanted.items():
            seen = unescape_text(params[name]) if name in params else None
            if name in cut and seen is not None and 0 < len(seen) < len(value):
                value = value[: len(seen)]
            self.expect(f"seq {row['seq']} {name}", seen, value or None)

    def take(self, seen):
        msg = seen["msg"]
        if self.style == "bsd":
            # [UUID part="1" parts="2"] before the document, where it is in parts
            msg = msg.removeprefix(" ")
            marked = re.match(r'\[([0-9a-f-]{36}) (?:part="(\d+)" parts="(\d+)"|cut="(\d+)")\] ', msg)
            params = {}
            if marked:
                names = ("uuid", "part", "parts", "cut")
                params = {name: value for name, value in zip(names, marked.groups()) if value}
                msg = msg[marked.end() :]
            else:
                params["uuid"] = json.loads(msg)["uuid"]
        else:
            params = parse_element(seen["structured-data"])
            if params is None:
                return self.wrong.append(f"structured data: {seen['structured-data'][:200]}")
            self.expect("byte order mark", msg[:1], BOM)
            msg = msg.removeprefix(BOM)
        row = self.rows.get(params["uuid"])
        if not row:
            return self.wrong.append(f"{params['uuid']} is not in the journal")
        self.check_header(row, seen)
        part, parts = int(params.get("part", 1)), int(params.get("parts", 1))
        if part == 1 and self.style != "bsd":
            self.check_params(row, params)
        self.n_parts += parts > 1
        known = self.parts.setdefault(params["uuid"], {})
        self.expect(f"part {part} twice", known.setdefault(part, msg), msg)
        if part == parts:
            self.finish(row, params, [known.get(i, "<missing>") for i in range(1, parts + 1)])

    def finish(self, row, params, texts):
        wanted = row["json"].decode()
        text = "".join(texts)
        if "cut" in params:
            self.n_cut += 1
            self.expect(f"seq {row['seq']} cut", int(params["cut"]), len(wanted.encode()) - len(text.encode()))
            wanted = wanted[: len(text)]
        self.expect(f"seq {row['seq']} document", text, wanted)
        self.times[params["uuid"]] += 1
        for text in texts[:-1]:
            # No half escape: of the document that JSON is, and of the text in its strings.
            if re.search(r"(?<!\\)(\\\\)*\\$|\\\\x[0-9a-f]?$|\\\\u\{[0-9a-f]*$|\\\\x$", text):
                self.wrong.append(f"seq {row['seq']}: an escape is split: {text[-12:]}")


def main():
    journal, received, style, times, facility = sys.argv[1:]
    check = Check(rows_of(journal), style, int(facility))
    n_lines = 0
    with open(received, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            n_lines += 1
            check.take(json.loads(line))
    missing = sum(1 for count in check.times.values() if not count)
    again = sum(count - 1 for count in check.times.values() if count > 1)
    print(
        f"{len(check.rows)} rows, {n_lines} messages, {check.n_parts} of them parts, {check.n_cut} cut,"
        f" {check.n_truncated} with truncated values, {missing} rows missing, {again} more than once,"
        f" {len(check.wrong)} wrong"
    )
    for what in check.wrong[:10]:
        print("   ", what)
    sys.exit(bool(missing or check.wrong or not check.rows or (times == "once" and again)))


main()
