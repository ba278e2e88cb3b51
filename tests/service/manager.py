#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
manager.py SOCKET TOLD COMMAND...: starts a command as systemd would start a unit with Type=notify and WatchdogSec=3s,
and appends what it is told, a line for each assignment. Signals go to the command.
"""
import os
import signal
import socket
import subprocess
import sys

path, told, command = sys.argv[1], sys.argv[2], sys.argv[3:]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(path)
notify.settimeout(0.1)
child = subprocess.Popen(command, env=os.environ | {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "3000000"})
for number in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, lambda number, _: child.send_signal(number))
with open(told, "a") as file:
    while True:
        done = child.poll() is not None
        try:
            while True:
                print(notify.recv(4096).decode(), file=file, flush=True)
        except TimeoutError:
            pass
        if done:
            sys.exit(child.returncode)
