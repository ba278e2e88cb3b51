# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
#
# For scripts that run in guests: what holds is counted. The script ends with `conclude`.

passed=0
failed=0

# is WHAT COMMAND...: the command succeeds.
is() {
	what=$1
	shift
	if "$@" >/tmp/said 2>&1; then
		passed=$((passed + 1))
		echo "ok: $what"
	else
		failed=$((failed + 1))
		echo "not ok: $what: $*"
		cat /tmp/said
	fi
}

# comes_within SECONDS WHAT COMMAND...: the command succeeds before that time is up. What takes long is asked for seldom:
# an emulated processor is slower than it should be already.
comes_within() {
	deadline=$(($(date +%s) + $1))
	what=$2
	asked=0
	shift 2
	while ! "$@" >/tmp/said 2>&1 && [ "$(date +%s)" -lt "$deadline" ]; do
		asked=$((asked + 1))
		sleep $((asked > 20 ? 2 : 0)).1
	done
	is "$what" "$@"
}

# comes WHAT COMMAND...: within a minute or two, as a busy host needs.
comes() {
	comes_within 100 "$@"
}

# The last line. Returns 0 when nothing failed.
conclude() {
	echo "$passed passed, $failed failed"
	test $failed = 0
}
