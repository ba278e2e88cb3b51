#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""score.py TRUTH ALERTS [--pid FIELD] [--cgroup FIELD]: compares a monitor's alerts with what tocsin-evasion did.

Both are files of JSON lines. FIELD names where an alert has the acting process and its cgroup's id, with a slash between
the keys of objects in objects; as Tocsin and Falco have it when it is not given. A monitor whose alerts lack the cgroup:
--cgroup ''.

What every deed is asked:
  1 an alert tells of it, or says that something was lost
  2 it names what was done to what: path or inode, arguments, port, the other process are the truth's; not the arguments
    of a program that was refused, which the kernel has not read by then
  3 the process and the cgroup are those that acted
  4 where the monitor says that it blocked, there was no effect, and the call failed; where not, there was one
  5 the benign twin had its effect, and nobody was told
  6 the output can be read
"""

import argparse
import json
import pathlib
import sys


class Fault(Exception):
    """An answer that is wrong, which is worse than none."""


def read_lines(path, faults):
    """The objects of a file of JSON lines; lines that are none are faults."""
    objects = []
    for number, line in enumerate(pathlib.Path(path).read_bytes().split(b"\n"), 1):
        if not line:
            continue
        try:
            objects.append(json.loads(line.decode()))
        except ValueError as error:
            faults.append(f"{path}:{number}: {error}: {line[:200]!r}")
    return objects


def look_up(alert, field):
    for key in field.split("/"):
        alert = alert.get(key) if isinstance(alert, dict) else None
    return alert


def bare(text):
    """A path as all monitors write it: a program in memory is memfd:x, /memfd:x or "/memfd:x (deleted)"."""
    return text.removesuffix(" (deleted)").removeprefix("/")


def ends_in(text, arguments):
    """Whether a command line has these arguments behind the program."""
    return isinstance(text, str) and (text == arguments or text.endswith(" " + arguments))


def values(thing):
    """All that an alert says, however deep; its text for people aside."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            if key != "output":
                yield from values(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from values(value)
    else:
        yield thing


class Stream:
    """A monitor's alerts."""

    def __init__(self, path, pid="output_fields/proc.pid", cgroup="output_fields/cgroup.id"):
        self.faults = []
        self.alerts = read_lines(path, self.faults)
        self.cgroup = cgroup
        self.lost = any(alert.get("kind") == "loss" for alert in self.alerts)
        self.by_pid = {}
        for alert in self.alerts:
            self.by_pid.setdefault(look_up(alert, pid), []).append(alert)

    def of(self, truth):
        return self.by_pid.get(truth["pid"], [])

    def is_right(self, alert, truth):
        """Whether it names what was done to what, where that has a name, and the cgroup that acted."""
        if self.cgroup and look_up(alert, self.cgroup) != truth["cgroup"]:
            return False
        said = {bare(value) if isinstance(value, str) else value for value in values(alert)}
        return (
            (not truth.keys() & {"path", "ino"} or bare(truth.get("path", "")) in said or truth.get("ino") in said)
            and ("args" not in truth or alert.get("verdict") == "blocked" or any(ends_in(value, truth["args"]) for value in said))
            and all(truth[key] in said for key in ("port", "target") if key in truth)
        )


def told(stream, truth):
    """The alerts that tell of a deed. None of them right, but some there: a fault."""
    alerts = stream.of(truth)
    right = [alert for alert in alerts if stream.is_right(alert, truth)]
    if alerts and not right:
        raise Fault(f"told wrongly: {truth} as {[a.get('output_fields', a) for a in alerts]}")
    return right


def judge_deed(stream, truth):
    """seen, blocked, killed, lost or unseen."""
    if "why" in truth:
        raise Fault(f"the deed was not tried: {truth['why']}")
    alerts = told(stream, truth)
    verdicts = {alert.get("verdict") for alert in alerts}
    if "blocked" in verdicts:
        # The call failed, or the program that made it ended so.
        if truth["happened"] or not (truth["errno"] or truth["status"]):
            raise Fault(f"blocked, but it had its effect: {truth}")
        return "blocked"
    if "killed" in verdicts:
        return "killed"
    if not truth["happened"]:
        raise Fault(f"neither blocked nor done: {truth}")
    if alerts:
        return "seen"
    return "lost" if stream.lost else "unseen"


def judge_twin(stream, truth):
    if not truth["happened"]:
        raise Fault(f"the twin was kept from its work: {truth}")
    if stream.of(truth):
        raise Fault(f"the twin was told of: {truth} as {[a.get('output_fields', a) for a in stream.of(truth)]}")
    return "quiet"


def score(truths, stream):
    """{case: word}, {case: reason} of cases that are not possible here, [fault]."""
    words, lacks, faults = {}, {}, list(stream.faults)
    for truth in truths:
        case = truth["case"]
        if "lacks" in truth:
            lacks[case] = truth["lacks"]
            continue
        try:
            if truth["twin"]:
                judge_twin(stream, truth)
            else:
                words[case] = judge_deed(stream, truth)
        except Fault as fault:
            faults.append(f"{case}{' (twin)' if truth['twin'] else ''}: {fault}")
    return words, lacks, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("truth")
    parser.add_argument("alerts")
    parser.add_argument("--pid", default="output_fields/proc.pid")
    parser.add_argument("--cgroup", default="output_fields/cgroup.id")
    options = parser.parse_args()
    faults = []
    truths = read_lines(options.truth, faults)
    words, lacks, found = score(truths, Stream(options.alerts, options.pid, options.cgroup))
    faults += found
    for case, word in words.items():
        print(f"{case}: {word}")
    for case, reason in lacks.items():
        print(f"{case}: not possible here: {reason}")
    for fault in faults:
        print(f"fault: {fault}")
    print(f"{sum(word not in ('unseen', 'lost') for word in words.values())} of {len(words)} told, {len(faults)} faults")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
