#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rules.py DIRECTORY: writes the rule files of the scenario: two sets that both block the same, a rule that stops
everything, and two sets of 1,000 rules of which none but those two match."""
import pathlib
import sys

BLOCKING = """\
- rule: Forbidden file
  desc: nobody opens it
  condition: evt.kind in (open, open_read) and fd.name = /srv/forbidden
  output: "%fd.name %evt.res"
  priority: NOTICE
  action: block
  errno: EACCES
- rule: Forbidden program
  desc: nobody runs it
  condition: evt.kind = exec and proc.exepath = /srv/forbidden.bin
  output: "%proc.exepath"
  priority: NOTICE
  action: block
"""


def other(number, word):
    """A rule that matches nothing here: a third on paths, a third on programs, a third on cgroups."""
    condition = [
        f"evt.kind = open and fd.name startswith /opt/{word}/{number}/",
        f"evt.kind = exec and proc.exepath = /opt/{word}/bin/program-{number}",
        f"evt.kind = unlink and cgroup.path startswith /{word}.slice/{number}.service and file.path endswith .{number}",
    ][number % 3]
    return f'- rule: "{word} {number}"\n  desc: matches nothing\n  condition: {condition}\n  output: x\n  priority: INFO\n'


directory = pathlib.Path(sys.argv[1])
directory.mkdir(exist_ok=True)
(directory / "one.yaml").write_text(BLOCKING)
# While thousands are refused in a second, the agent need not tell each.
quiet = BLOCKING.replace("  priority: NOTICE\n", "  priority: NOTICE\n  rate_limit: 5/1s\n")
(directory / "quiet-one.yaml").write_text(quiet)
# The rules in another order, behind others: other bits for the same.
(directory / "quiet-other.yaml").write_text("".join(other(n, "few") for n in range(10)) + quiet)
(directory / "everything.yaml").write_text("""\
- rule: Everything
  desc: no program runs
  condition: evt.kind = exec
  output: "%proc.exepath"
  priority: NOTICE
  action: block
""")
UNLINK = """\
- rule: Forbidden unlink
  desc: nobody takes it away
  condition: evt.kind = unlink and file.path = /srv/forbidden
  output: "%evt.kind"
  priority: NOTICE
  action: block
"""
PROGRAM = BLOCKING[BLOCKING.index("- rule: Forbidden program"):]
(directory / "program.yaml").write_text(PROGRAM)
(directory / "program-unlink.yaml").write_text(PROGRAM + UNLINK)
(directory / "program-unlink-best.yaml").write_text(PROGRAM + UNLINK + "  enforcement: best_effort\n")
for name, word in (("thousand", "a"), ("thousand-other", "b")):
    rules = [other(n, word) for n in range(998)]
    (directory / f"{name}.yaml").write_text("".join(rules) + BLOCKING)
