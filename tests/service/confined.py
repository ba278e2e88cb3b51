#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
confined.py UNIT COMMAND...: runs a command with the rights that the unit file leaves it: CapabilityBoundingSet,
SystemCallFilter (its groups as `systemd-analyze syscall-filter` has them), NoNewPrivileges, MemoryDenyWriteExecute.
What the unit does to mounts and devices is not done.
"""
import ctypes
import os
import re
import struct
import subprocess
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_MDWE = 38, 22, 24, 65
LD_NR, JEQ, RET = 0x20, 0x15, 0x06
ALLOW, EPERM = 0x7FFF0000, 0x00050001
CAPABILITIES = "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable \
net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace \
sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control \
setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore".split()


def directives(unit, name):
    return [line.split("=", 1)[1].strip() for line in open(unit) if line.startswith(name + "=")]


def expand(word):
    """The system calls of a name or a @group."""
    if not word.startswith("@"):
        return {word}
    text = subprocess.run(["systemd-analyze", "syscall-filter", word], check=True, capture_output=True, text=True).stdout
    words = [line.strip() for line in text.splitlines() if line.startswith("    ") and not line.strip().startswith("#")]
    return set().union(*(expand(w) for w in words if w != word))


def allowed_calls(unit):
    calls = set()
    for value in directives(unit, "SystemCallFilter"):
        named = set().union(*(expand(word) for word in value.lstrip("~").split()))
        calls = calls - named if value.startswith("~") else calls | named
    # systemd always leaves these: what starts the program, and ends it.
    return calls | expand("@default") | {"execve"}


def filter_of(calls):
    numbers = {}
    for line in open("include/schema/syscalls_64.def"):
        found = re.match(r"TC_SYSCALL\((\d+), (\w+)\)", line)
        if found:
            numbers[found[2]] = int(found[1])
    code = [(LD_NR, 0, 0, 0)]
    for name in sorted(calls & numbers.keys()):
        code += [(JEQ, 0, 1, numbers[name]), (RET, 0, 0, ALLOW)]
    code.append((RET, 0, 0, EPERM))
    return b"".join(struct.pack("HBBI", *row) for row in code), len(code)


def must(result, what):
    if result < 0:
        sys.exit(f"confined: {what}: {os.strerror(ctypes.get_errno())}")


def main():
    unit, command = sys.argv[1], sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    code, count = filter_of(allowed_calls(unit))
    kept = {word.removeprefix("CAP_").lower() for value in directives(unit, "CapabilityBoundingSet") for word in value.split()}
    if not kept <= set(CAPABILITIES):
        sys.exit(f"confined: {unit}: unknown capabilities: {kept - set(CAPABILITIES)}")
    for number, name in enumerate(CAPABILITIES):
        if name not in kept:
            must(libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "capabilities")
    if directives(unit, "MemoryDenyWriteExecute") == ["yes"]:
        libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)  # from Linux 6.3 on
    must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    program = ctypes.create_string_buffer(code)
    fprog = struct.pack("HxxxxxxP", count, ctypes.addressof(program))
    must(libc.prctl(PR_SET_SECCOMP, 2, fprog, 0, 0), "seccomp")
    os.execvp(command[0], command)


main()
