#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Apache Kafka for tests, to be sourced: one KRaft node on loopback, in a directory of its own. It is a child of the shell
# that sources this and does not outlive it, whatever ends that shell.
#
#	broker_make DIR [PROPERTY=VALUE...]   a broker's directory; sets BROKER (127.0.0.1:PORT) and BROKER_SASL (the same
#	                                      broker, where a client must be the user tocsin with the password right)
#	broker_start DIR                      starts it, the first time or again, and waits until it answers
#	broker_kill DIR                       SIGKILL
#	broker_stop DIR                       SIGTERM, and SIGKILL after 10 s
#
# Its log is DIR/log, its memory 256 MB at most, its start 2 s.

BROKER_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BROKER_JARS=$("$BROKER_HERE/fetch") || return 1

# shellcheck source=tests/outputs/ports.bash
. "$BROKER_HERE/../ports.bash"

# broker_java DIR: sets BROKER_JAVA, the command that runs a class of Kafka.
broker_java() {
	BROKER_JAVA=(java -Xms64m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1
		-Dlog4j2.configurationFile="file:$1/log4j2.properties" -cp "$BROKER_JARS/*")
}

broker_make() {
	local dir=$1 ports
	mkdir -p "$dir"
	read -ra ports <<<"$(free_ports 3)"
	BROKER=127.0.0.1:${ports[0]}
	export BROKER_SASL=127.0.0.1:${ports[2]}
	cat >"$dir/server.properties" <<-PROPERTIES
		process.roles=broker,controller
		node.id=1
		controller.quorum.voters=1@127.0.0.1:${ports[1]}
		listeners=PLAINTEXT://$BROKER,CONTROLLER://127.0.0.1:${ports[1]},SASL://$BROKER_SASL
		advertised.listeners=PLAINTEXT://$BROKER,SASL://$BROKER_SASL
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT
		controller.listener.names=CONTROLLER
		inter.broker.listener.name=PLAINTEXT
		sasl.enabled.mechanisms=PLAIN
		listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_tocsin="right";
		log.dirs=$dir/data
		auto.create.topics.enable=false
		broker.heartbeat.interval.ms=500
		broker.session.timeout.ms=2000
		offsets.topic.replication.factor=1
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
	PROPERTIES
	printf '%s\n' "${@:2}" >>"$dir/server.properties"
	cat >"$dir/log4j2.properties" <<-'PROPERTIES'
		rootLogger.level = WARN
		rootLogger.appenderRef.console.ref = console
		appender.console.type = Console
		appender.console.name = console
		appender.console.layout.type = PatternLayout
		appender.console.layout.pattern = %d %p %c: %m%n
	PROPERTIES
	broker_java "$dir"
	# The cluster's identifier is a UUID in base64url; without - and _, as one that begins with - is taken for an option.
	"${BROKER_JAVA[@]}" kafka.tools.StorageTool format -t "$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d =)" \
		-c "$dir/server.properties" >"$dir/log" 2>&1
}

broker_start() {
	local dir=$1 until=$((SECONDS + 120))
	(
		# What is started dies with its parent, also when that is killed.
		broker_java "$dir"
		exec setpriv --pdeathsig KILL "${BROKER_JAVA[@]}" kafka.Kafka "$dir/server.properties"
	) >>"$dir/log" 2>&1 </dev/null &
	echo $! >"$dir/pid"
	BROKER=$(sed -n 's/^advertised.listeners=PLAINTEXT:..\([^,]*\),.*/\1/p' "$dir/server.properties")
	while ((SECONDS < until)); do
		kill -0 "$(<"$dir/pid")" 2>/dev/null || break
		(: <>"/dev/tcp/${BROKER/://}") 2>/dev/null && return 0
		sleep 0.1
	done
	echo "the broker did not start; the end of its log:" >&2
	tail -20 "$dir/log" >&2
	return 1
}

broker_kill() {
	[[ -s $1/pid ]] || return 0
	kill -KILL "$(<"$1/pid")" 2>/dev/null || true
	wait "$(<"$1/pid")" 2>/dev/null || true
	rm -f "$1/pid"
}

broker_stop() {
	local dir=$1 i
	[[ -s $dir/pid ]] || return 0
	kill -TERM "$(<"$dir/pid")" 2>/dev/null || true
	for ((i = 0; i < 100; i++)); do
		kill -0 "$(<"$dir/pid")" 2>/dev/null || break
		sleep 0.1
	done
	broker_kill "$dir"
}
