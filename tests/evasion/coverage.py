#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coverage.py KERNEL DIR EVASION [--fix]: scores both turns of tests/evasion/scenario, and compares what was seen with the
kernel's column in docs/coverage.md, or writes it: what is worse than there is a fault, what is better is told. Whatever is
not both seen by the default rules and blocked must have its reason in tests/evasion/reasons, and nothing else may. The last
line is "N passed, N failed"."""

import pathlib
import re
import subprocess
import sys

import score

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE.parent.parent / "docs" / "coverage.md"
KERNELS = ["5.10", "6.1", "6.12", "6.18", "7"]
WHOLE = "seen, blocked"
# From the worst to the best. A kernel that cannot do a case any more, or can all at once, has lost or got a test.
ORDER = ["unseen", "by rule", "by rule, killed", "by rule, blocked", "seen", "seen, killed", WHOLE]
HEAD = """\
# What is seen

Written by `tests/evasion/run BUILD KERNEL --fix`, which does each of these in a guest with that kernel, twice: while the agent
watches with the [default rules](../rules/default/README.md), and while it enforces [rules that block
them](../tests/evasion/blocking.yaml). Numbers are those of the catalogue of evasions that the tests are written after. Each case
has a benign twin, which makes the same calls on innocent things and is neither told of nor kept from its work.

| word | |
|---|---|
| seen | The default rules alert. The alert names the process, its cgroup, and what it was done to, as they were. |
| by rule | The default rules do not alert; a rule that asks for it does, and names the same. |
| blocked | A rule refused it, and it had no effect. |
| killed | No hook can refuse it; a rule killed the process. |
| unseen | No alert. |
| - | This kernel cannot do it. |

The same program scores other monitors: [score.py](../tests/evasion/score.py) compares any stream of alerts with the truth that it
prints.
"""


def read_reasons():
    """Lines of "CASE...: reason"."""
    reasons = {}
    for line in (HERE / "reasons").read_text().splitlines():
        if line and not line.startswith("#"):
            cases, reason = line.split(": ", 1)
            reasons.update({case: reason for case in cases.split()})
    return reasons


def cell(default, blocking):
    """The two words of a case as one."""
    seen = "seen" if default == "seen" else "by rule" if blocking != "unseen" else "unseen"
    return f"{seen}, {blocking}" if blocking in ("blocked", "killed") else seen


def read_table():
    """{case: {kernel: cell}} and {case: reason why a kernel cannot} of the page as it is."""
    rows, lacking = {}, {}
    text = TABLE.read_text() if TABLE.exists() else ""
    for line in text.splitlines():
        parts = [part.strip() for part in line.strip("|").split("|")]
        if len(parts) == len(KERNELS) + 2 and re.match(r"E[0-9A-Z]", parts[0]):
            rows[parts[0]] = dict(zip(KERNELS, parts[2:]))
        found = re.match(r"- (\S+) on ([\d.]+): (.*)", line)
        if found:
            lacking[found[1], found[2]] = found[3]
    return rows, lacking


def is_better(here, there):
    return here in ORDER and there in ORDER and ORDER.index(here) > ORDER.index(there)


def write_table(cases, rows, lacking, reasons):
    lines = [HEAD]
    for name, what in cases:
        if name == "#":
            lines += [f"\n## {what}\n", f"| case | | {' | '.join(KERNELS)} |", "|---|---" + "|---" * len(KERNELS) + "|"]
        else:
            lines.append(f"| {name} | {what} | {' | '.join(rows.get(name, {}).get(kernel, '') for kernel in KERNELS)} |")
    lines.append("\n## Why not\n")
    lines += [f"- {case}: {reason}" for case, reason in reasons.items()]
    lines.append("\n## What a kernel cannot do\n")
    lines += [f"- {case} on {kernel}: {reason}" for (case, kernel), reason in sorted(lacking.items())]
    TABLE.write_text("\n".join(lines) + "\n")


def main():
    kernel, out, program = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    listed = subprocess.run([program, "list"], capture_output=True, text=True, check=True).stdout.splitlines()
    cases = [tuple(line.split(" ", 1)) for line in listed]
    names = [name for name, _ in cases if name != "#"]
    faults, words = [], {}
    for turn in ("default", "blocking"):
        truths = score.read_lines(out / f"{turn}.truth", faults)
        words[turn], lacks, found = score.score(truths, score.Stream(out / f"{turn}.alerts"))
        faults += [f"{turn}: {fault}" for fault in found]
        untold = {(name, twin) for name in names for twin in (False, True)} - {(t["case"], t["twin"]) for t in truths}
        faults += [f"{turn}: no truth of {case}" for case in sorted(untold)]
    now = {case: cell(words["default"][case], words["blocking"][case]) for case in words["default"] if case in words["blocking"]}
    now.update({case: "-" for case in lacks})

    rows, lacking = read_table()
    reasons = read_reasons()
    if "--fix" in sys.argv:
        rows = {name: rows.get(name, {}) | ({kernel: now[name]} if name in now else {}) for name in names}
        lacking = {key: reason for key, reason in lacking.items() if key[1] != kernel and key[0] in names}
        lacking |= {(case, kernel): reason for case, reason in lacks.items()}
        write_table(cases, rows, lacking, reasons)
    for name in names:
        there, here = rows.get(name, {}).get(kernel), now.get(name)
        if is_better(here, there):
            print(f"{name}: {here}, docs/coverage.md says {there}: run tests/evasion/run with --fix")
        elif here != there:
            faults.append(f"{name}: {here}, docs/coverage.md says {there}")
        if here not in (WHOLE, "-", None) and name not in reasons:
            faults.append(f"{name}: {here}, and tests/evasion/reasons does not say why")
    for name in reasons:
        if all(word in (WHOLE, "-", "") for word in rows.get(name, {}).values()):
            faults.append(f"{name}: seen and blocked everywhere, but tests/evasion/reasons says why not")
    for fault in faults:
        print(f"not ok - {fault}")
    if faults:
        print((out / "agent.err").read_text())
    print(f"{len(now)} cases: {sum(w == WHOLE for w in now.values())} seen and blocked, "
          f"{sum(w.startswith('seen') for w in now.values())} seen, {sum(w == 'unseen' for w in now.values())} unseen, "
          f"{len(lacks)} not possible on {kernel}")
    print(f"{2 * len(names) - min(len(faults), 2 * len(names))} passed, {len(faults)} failed")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
