#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# For tests of packages: what holds is counted. To be sourced with work set to a directory of the test's own.

: "${work:?a directory of the test}"
passed=0
failed=0

# holds WHAT COMMAND...: the command succeeds; else what it said is printed.
holds() {
	local what=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		echo "ok - $what"
		passed=$((passed + 1))
	else
		echo "not ok - $what: $*; it said:"
		tail -30 "$work/said"
		failed=$((failed + 1))
	fi
}
