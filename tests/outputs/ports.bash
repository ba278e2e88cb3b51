#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# For servers of tests, to be sourced.
#
#	free_ports COUNT   so many ports of 127.0.0.1 that nobody has, below those that connections are given

free_ports() {
	python3 - "$1" <<-'PYTHON'
		import random, socket, sys
		low = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
		found = []
		while len(found) < int(sys.argv[1]):
		    port = random.randrange(max(low - 12000, 1024), low)
		    with socket.socket() as probe, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
		        try:
		            probe.bind(("127.0.0.1", port))
		            datagrams.bind(("127.0.0.1", port))
		        except OSError:
		            continue
		    if port not in found:
		        found.append(port)
		print(*found)
	PYTHON
}
