#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# For tests of `tocsin run` on this kernel: a cgroup and a directory of the test's own, which are gone afterwards. To be
# sourced with build set to the directory of the build.

: "${build:?the directory of the build}"
passed=0
failed=0
agent=
hierarchy=$(findmnt -n -t cgroup2 -o TARGET | head -1)
if [[ -z $hierarchy ]]; then
	echo "the cgroup2 file system is not mounted"
	echo "0 passed, 1 failed"
	exit 1
fi
work=$(mktemp -d)
touch "$work/out" "$work/err"
cgroup=$(mktemp -d "$hierarchy/tocsin-test-XXXXXX")
mkdir "$work/rules"

clean_up() {
	if [[ -n $agent ]]; then
		kill -KILL "$agent" 2>/dev/null || true
		wait "$agent" 2>/dev/null || true
	fi
	# Who has just ended in it may keep it a moment longer.
	for _ in {1..100}; do
		rmdir "$cgroup" 2>/dev/null && break
		sleep 0.1
	done
	rm -rf "$work"
}
trap clean_up EXIT

# rule FILE NAME PROGRAM [PRIORITY]: a rule on programs of that name.
rule() {
	cat >"$work/rules/$1" <<-YAML
		- rule: $2
		  desc: a program of that name runs
		  condition: evt.kind = exec and proc.name = $3
		  output: "%proc.name"
		  priority: ${4:-NOTICE}
	YAML
}

# begin COMMAND...: starts an agent. What the one before it said is gone when this returns: who waits for words of this one
# does not find those of the former.
begin() {
	: >"$work/out"
	: >"$work/err"
	"$@" >>"$work/out" 2>>"$work/err" &
	agent=$!
}

# start_agent OPTION...: starts the agent for the cgroup.
start_agent() {
	begin "$build/tocsin" run --scope "$cgroup" --rules "$work/rules" --journal "$work/journal.db" "$@"
}

# watch OPTION...: starts the agent and waits until it watches.
watch() {
	start_agent "$@"
	found "the agent watches" err 1 "^watching$"
}

# Runs a program in the cgroup.
act() {
	(
		echo $BASHPID >"$cgroup/cgroup.procs"
		exec "$@"
	) || true
}

good() {
	passed=$((passed + 1))
	echo "ok: $1"
}

# bad WHAT COMMAND...: that command said what is in $work/said.
bad() {
	local what=$1
	shift
	failed=$((failed + 1))
	echo "not ok: $what: $*; it said:"
	cat "$work/said"
	echo "the agent printed:"
	cat "$work/out" "$work/err"
}

# once WHAT COMMAND...: the command succeeds.
once() {
	local what=$1
	shift
	if "$@" >"$work/said" 2>&1; then good "$what"; else bad "$what" "$@"; fi
}

# ends CODE COMMAND...: the exit code of a command of tocsin that tells the agent something.
ends() {
	local want=$1 code=0
	shift
	"$build/tocsin" "$@" --journal "$work/journal.db" || code=$?
	echo "exit code $code, not $want"
	test $code = "$want"
}

# says CODE PATTERN COMMAND...: the same, and what it says.
says() {
	local said status=0 pattern=$2
	said=$(ends "$1" "${@:3}" 2>&1) || status=1
	echo "$said"
	grep -qE -- "$pattern" <<<"$said" && ((status == 0))
}

# holds WHAT COMMAND...: waits until the command succeeds; at most two minutes.
holds() {
	local what=$1 until=$((SECONDS + 120))
	shift
	while ((SECONDS < until)); do
		if "$@" >"$work/said" 2>&1; then
			good "$what"
			return
		fi
		sleep 0.1
	done
	bad "$what" "$@"
}

has_lines() {
	(($(grep -cE -- "$3" "$work/$1") == $2))
}

has_at_least() {
	(($(grep -cE -- "$3" "$work/$1") >= $2))
}

# found WHAT FILE COUNT PATTERN: waits until that many lines of a file match.
found() {
	holds "$1" has_lines "$2" "$3" "$4"
}

# Ends the agent, which has nothing to complain of.
finish_watch() {
	local status=0
	kill -TERM "$agent"
	wait "$agent" || status=$?
	agent=
	once "the agent ends with 0" test $status = 0
}

finish() {
	echo "$passed passed, $failed failed"
	((failed == 0))
}
