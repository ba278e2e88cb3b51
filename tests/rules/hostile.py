#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ten rule files that are wrong, or as large as they get, for a whole process.

hostile.py --write DIR   writes them
hostile.py TOCSIN        runs `TOCSIN check` on each, with a limit to its memory and time, and prints what it took

TOCSIN is a build without sanitizers: those take memory of their own. The last line is "N passed, N failed".
"""
import os
import resource
import subprocess
import sys
import tempfile
import time

MEMORY_MAX = 1 << 30  # of addresses, bytes
SECONDS_MAX = 300  # a bound, not a figure: on a busy machine, too

RULE = "- rule: wrong\n  desc: d\n  priority: INFO\n  output: o\n  condition: %s\n"


def alias_bomb():
    lines = ["- a: &a0 [x, x, x, x, x, x, x, x, x]"]
    for i in range(1, 20):
        lines.append("- a: &a%d [%s]" % (i, ", ".join(["*a%d" % (i - 1)] * 9)))
    return "\n".join(lines) + "\n"


def long_condition():
    words = " or ".join("fd.name contains word%d" % i for i in range(42000))
    assert len(words) > 1 << 20
    return RULE % words


def long_list():
    return "- list: l\n  items:\n" + "".join("  - /usr/lib/item%d\n" % i for i in range(100000)) + RULE % "fd.name in (l)"


# Name, text, exit code, words that are to be said.
FILES = [
    ("field", RULE % "proc.nmae = x", 1, "`proc.name`"),
    ("macro", RULE % "spawned_process and fd.name = x", 1, "spawned_process"),
    ("type", RULE % "proc.pid = bash", 1, "bash"),
    ("regex", RULE % "fd.name regex '(a'", 1, "regular expression"),
    # A list that comes back to itself means the word, as in Falco.
    ("cycle", "- list: a\n  items: [b]\n- list: b\n  items: [a]\n"
     "- list: a\n  items: [b]\n  override: {items: append}\n" + RULE % "fd.name in (a)", 0, "ok"),
    ("condition", long_condition(), 0, "ok"),
    ("list", long_list(), 0, "ok"),
    ("nesting", RULE % ("(" * 100000 + "fd.name = x" + ")" * 100000), 1, "nest"),
    ("utf8", (RULE % '"fd.name = x"').encode().replace(b"= x", b"= \xff\xfe"), 1, "UTF-8"),
    ("aliases", alias_bomb(), 1, "alias"),
]


def write(directory):
    for name, text, _, _ in FILES:
        path = os.path.join(directory, name + ".yaml")
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, 0o644)


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))


def run(command):
    """Exit code, what was said, and the most memory in KiB."""
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, preexec_fn=limit_memory)
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                child.kill()
                pid, status, usage = os.wait4(child.pid, 0)
                break
            time.sleep(0.002)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        return child.returncode, said.read().decode(errors="replace"), usage


def check(tocsin):
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        write(directory)
        for name, text, code, words in FILES:
            path = os.path.join(directory, name + ".yaml")
            exit_code, said, usage = run([tocsin, "check", path])
            # What is wrong is told with its line and column.
            place = code == 0 or path + ":" in said
            good = exit_code == code and words in said and place
            failed += not good
            print("%s - %-9s %8d bytes: %6.3f s, peak %6d KiB" % (
                "ok" if good else "not ok", name, os.path.getsize(path), usage.ru_utime + usage.ru_stime,
                usage.ru_maxrss))
            if not good:
                print("    exit %d, not %d, or it does not say \"%s\":" % (exit_code, code, words))
                print("    " + said[:2000].replace("\n", "\n    "))
    print("%d passed, %d failed" % (len(FILES) - failed, failed))
    return failed == 0


if sys.argv[1:2] == ["--write"] and len(sys.argv) == 3:
    write(sys.argv[2])
elif len(sys.argv) == 2:
    sys.exit(0 if check(os.path.realpath(sys.argv[1])) else 1)
else:
    sys.exit(__doc__)
