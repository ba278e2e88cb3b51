#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py DIR TOCSIN: compares what the agent told in a guest (tests/alerts/scenario) with the truth that it left there,
and with what a replay of its recording tells here."""

import json
import pathlib
import re
import subprocess
import sys

OUT = pathlib.Path(sys.argv[1])
passed = failed = 0


def check(name, good, told=""):
    global passed, failed
    if good:
        passed += 1
        print(f"ok - {name}")
    else:
        failed += 1
        print(f"not ok - {name}\n    {told}")


def lines(name):
    return (OUT / name).read_text(errors="replace").splitlines()


def read_truth():
    truth = {}
    for line in lines("truth.txt"):
        word, *rest = line.split()
        truth.setdefault(word, []).append(dict(r.split("=") for r in rest) if "=" in line else rest[0])
    return truth


truth = read_truth()
alerts = [json.loads(line) for line in lines("stdout.json")]
attacker = int(truth["attacker"][0])


def alert_of(rule, **fields):
    """The alerts of a rule whose fields have these values (__ stands for the dot in a name)."""
    found = [a for a in alerts if a["rule"] == rule]
    for name, value in fields.items():
        found = [a for a in found if a["output_fields"].get(name.replace("__", ".")) == value]
    return found


def expect(rule, **fields):
    found = alert_of(rule, cgroup__id=attacker, cgroup__path="/attacker", **fields)
    told = [a["output_fields"] for a in alerts if a["rule"] == rule] or "no alert of that rule"
    check(f"{rule} {fields}", len(found) == 1, told)


idle, ghost = truth["idle"]
expect("Program run from a temporary directory", proc__exepath="/tmp/actor", proc__cmdline="actor idle", proc__pid=int(idle["pid"]))
expect("Process attached to by ptrace", evt__arg__request="PTRACE_ATTACH", target__pid=int(truth["ptrace"][0]["target"]),
       proc__pid=int(truth["ptrace"][0]["pid"]), target__name="actor")
expect("Memory of another process written", trace__door="vm_write", target__pid=int(truth["vm_write"][0]["target"]),
       evt__type="process_vm_writev")
expect("File system mounted by an unusual program", mount__source="spook", mount__target="/tmp/mounted", mount__fstype="tmpfs",
       mount__op="new", proc__pid=int(truth["mount"][0]["pid"]))
expect("File system mounted from a shell", mount__target="/mnt", mount__fstype="tmpfs", proc__exepath="/usr/bin/mount")
expect("Program run from memory", proc__pid=int(truth["memfd"][0]["pid"]), proc__exepath="memfd:ghost")
expect("Account database changed", file__path="/etc/passwd", proc__exepath="/usr/bin/sh", evt__type="openat")
expect("Setuid or setgid bit set", file__path="/usr/bin/actor", proc__exepath="/usr/bin/chmod")
connection = truth["connection"][0]
expect("Standard input put on a network connection", evt__type="dup2", proc__pid=int(connection["pid"]), proc__exepath="/usr/bin/actor")
check("the connection's other end", [a["output_fields"]["fd.name"].split(":")[-1] for a in alerts if a["rule"] == "Standard input put on a network connection"]
      == [connection["port"]], connection)
expect("User namespace made without rights", evt__arg__flags="CLONE_NEWUSER", user__uid=1000, proc__pid=int(truth["userns"][0]["pid"]))
expect("Scheduled task changed", file__path="/etc/cron.d/actor", evt__kind="open", proc__exepath="/usr/bin/sh")
expect("Log removed or cut", file__path="/var/log/auth.log", evt__kind="unlink", proc__exepath="/usr/bin/rm")
expect("Shell history removed", file__path="/root/.bash_history", evt__kind="symlink", proc__exepath="/usr/bin/ln")
expect("Kernel helper program changed", fd__name="/proc/sys/kernel/core_pattern", proc__exepath="/usr/bin/sh")
expect("Password hashes handed to a tool", proc__exepath="/usr/bin/cat", proc__cmdline="cat /etc/shadow")
expect("Cgroup frozen or killed", fd__name="/sys/fs/cgroup/neighbour/cgroup.freeze", proc__exepath="/usr/bin/sh")
check("the program run from memory is the actor", ghost["pid"] == truth["memfd"][0]["pid"], truth)

# What the scenario itself does outside of the two cgroups (cp into /usr/bin) is told with the root's path.
strangers = [a for a in alerts if a["rule"] and a["output_fields"]["cgroup.path"] not in ("/attacker", "/")]
check("the harmless neighbour is not told of", not strangers, strangers)

queried = [json.loads(line) for line in lines("query.json")]
check("query tells what was printed", {a["uuid"] for a in queried} == {a["uuid"] for a in alerts},
      f"{len(queried)} queried, {len(alerts)} printed")
check("query finds one rule", [json.loads(line)["rule"] for line in lines("one.json")] == ["Process attached to by ptrace"], lines("one.json"))
check("sequence numbers have no hole", [a["seq"] for a in alerts] == list(range(1, len(alerts) + 1)), [a["seq"] for a in alerts])
check("start and stop are told", [a["kind"] for a in (alerts[0], alerts[-1])] == ["agent_start", "agent_stop"], alerts[-1])
check("nothing was lost", not [a for a in alerts if a["kind"] == "loss"])
check("events come in the order of time", [a["time"] for a in alerts] == sorted(a["time"] for a in alerts))
check("the agent ends well", truth["agent"] == ["0"] and truth["query"] == ["0"], truth)
check("the table names the rules", any("Account database changed" in line for line in lines("table.txt")), lines("table.txt"))

def bare(text):
    """Lines without what is another one each time."""
    return [re.sub('"uuid":"[^"]*",', "", line) for line in text.splitlines()]


replay = subprocess.run(
    [sys.argv[2], "replay", OUT / "recording", "--rules", "rules/default", "--quiet"], capture_output=True, text=True, errors="replace"
)
there, here = bare((OUT / "query.json").read_text(errors="replace")), bare(replay.stdout)
check("a replay on this host tells the same", there == here and replay.returncode == 0,
      replay.stderr + "\n".join(a + "\n" + b for a, b in zip(there, here) if a != b)[:2000] + f" {len(there)} {len(here)}")
banner = lines("stderr.txt")[: lines("stderr.txt").index("")]
check("the banner ends in watching", banner[0].startswith("tocsin ") and banner[-1] == "watching", lines("stderr.txt"))
if failed:
    print("\n".join(lines("stderr.txt")))
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
