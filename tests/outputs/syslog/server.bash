#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# rsyslog for tests, to be sourced: a process of its own with its own configuration, sockets and files in a directory. It
# does not outlive the shell that sources this. What it received is DIR/received, one JSON object a line.
#
#	server_make DIR KIND PORT       its configuration. KIND: local (socket DIR/log, RFC 5424), bsd (the same with the
#	                                parser that rsyslog has for /dev/log), stream (DIR/log, a stream), udp, tcp, tls
#	                                (DIR/ca.pem, cert.pem, key.pem; clients must have a certificate)
#	server_start DIR, server_kill DIR (SIGKILL), server_stop DIR (SIGTERM: what it took is written)
#	certificates DIR                an authority and certificates: ca.pem; server.pem for localhost and 127.0.0.1,
#	                                other.pem for other.example, expired.pem, client.pem, each with its key in it;
#	                                stranger.pem, of another authority stranger-ca.pem

# shellcheck source=tests/outputs/ports.bash
. "$(dirname "${BASH_SOURCE[0]}")/../ports.bash"

server_input() {
	local dir=$1 port=$3
	case $2 in
	local) echo "module(load=\"imuxsock\" SysSock.Use=\"off\") input(type=\"imuxsock\" Socket=\"$dir/log\" UseSpecialParser=\"off\" UseSysTimeStamp=\"off\" IgnoreTimestamp=\"off\")" ;;
	bsd) echo "module(load=\"imuxsock\" SysSock.Use=\"off\") input(type=\"imuxsock\" Socket=\"$dir/log\")" ;;
	stream) echo "module(load=\"imptcp\") input(type=\"imptcp\" path=\"$dir/log\" addtlFrameDelimiter=\"0\" SupportOctetCountedFraming=\"off\")" ;;
	udp) echo "module(load=\"imudp\") input(type=\"imudp\" address=\"127.0.0.1\" port=\"$port\" rcvbufSize=\"256m\")" ;;
	tcp) echo "module(load=\"imtcp\") input(type=\"imtcp\" address=\"127.0.0.1\" port=\"$port\")" ;;
	tls) echo "module(load=\"imtcp\" StreamDriver.Name=\"ossl\" StreamDriver.Mode=\"1\" StreamDriver.AuthMode=\"x509/certvalid\")
		input(type=\"imtcp\" address=\"127.0.0.1\" port=\"$port\")" ;;
	esac
}

server_make() {
	local dir=$1 field
	mkdir -p "$dir/work"
	echo "$3" >"$dir/port"
	{
		cat <<-CONF
			global(workDirectory="$dir/work" maxMessageSize="64k" net.enableDNS="off"
			       parser.escapeControlCharactersOnReceive="off" defaultNetstreamDriver="ossl"
			       defaultNetstreamDriverCAFile="$dir/ca.pem" defaultNetstreamDriverCertFile="$dir/cert.pem"
			       defaultNetstreamDriverKeyFile="$dir/cert.pem")
			template(name="row" type="list") {
			constant(value="{")
		CONF
		for field in pri hostname app-name procid msgid structured-data msg; do
			echo "property(name=\"$field\" format=\"jsonf\") constant(value=\",\")"
		done
		cat <<-CONF
			property(name="timereported" outname="time" dateFormat="rfc3339" format="jsonf")
			constant(value="}\n")
			}
			$(server_input "$@")
			action(type="omfile" file="$dir/received" template="row" ioBufferSize="16m") # no half line when it is killed
		CONF
	} >"$dir/rsyslog.conf"
	touch "$dir/received"
}

# listens DIR PORT: somebody has the port, or the socket of the directory.
listens() {
	local port
	port=$(printf ':%04X 00000000:0000' "$2")
	grep -q "$1/log$" /proc/net/unix || grep -q "$port 0A" /proc/net/tcp || grep -q "$port 07" /proc/net/udp
}

server_start() {
	local dir=$1 port until=$((SECONDS + 60))
	port=$(<"$dir/port")
	rm -f "$dir/pid"
	setpriv --pdeathsig KILL rsyslogd -n -f "$dir/rsyslog.conf" -i "$dir/rsyslogd.pid" >>"$dir/said" 2>&1 </dev/null &
	echo $! >"$dir/pid"
	while ((SECONDS < until)); do
		[[ -s $dir/rsyslogd.pid ]] && listens "$dir" "$port" && return 0
		kill -0 "$(<"$dir/pid")" 2>/dev/null || break
		sleep 0.05
	done
	echo "rsyslogd did not start"
	cat "$dir/said"
	return 1
}

server_end() {
	local dir=$1 signal=$2 until=$((SECONDS + 60))
	[[ -s $dir/pid ]] || return 0
	kill "-$signal" "$(<"$dir/pid")" 2>/dev/null || true
	while ((SECONDS < until)); do
		kill -0 "$(<"$dir/pid")" 2>/dev/null || break
		sleep 0.05
	done
	kill -KILL "$(<"$dir/pid")" 2>/dev/null || true
	wait "$(<"$dir/pid")" 2>/dev/null || true
	rm -f "$dir/pid" "$dir/rsyslogd.pid" "$dir/log"
}

server_kill() { server_end "$1" KILL; }
server_stop() { server_end "$1" TERM; }

# certificate DIR NAME AUTHORITY SUBJECT ALTERNATIVES [OPTION...]
certificate() {
	local dir=$1 name=$2 authority=$3
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$dir/$name.key" -subj "/CN=$4" \
		-out "$dir/$name.csr" 2>/dev/null &&
		openssl x509 -req -in "$dir/$name.csr" -CA "$dir/$authority.pem" -CAkey "$dir/$authority.key" \
			-extfile <(echo "subjectAltName=$5") -out "$dir/$name.crt" "${@:6}" 2>/dev/null &&
		cat "$dir/$name.crt" "$dir/$name.key" >"$dir/$name.pem"
}

authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1/$2.key" -subj "/CN=Test $2" \
		-out "$1/$2.pem" -days 2 2>/dev/null
}

certificates() {
	mkdir -p "$1"
	authority "$1" ca && authority "$1" stranger-ca &&
		certificate "$1" server ca localhost DNS:localhost,IP:127.0.0.1 -days 2 &&
		certificate "$1" other ca other.example DNS:other.example -days 2 &&
		certificate "$1" expired ca localhost DNS:localhost,IP:127.0.0.1 -days -1 &&
		certificate "$1" client ca client DNS:client.example -days 2 &&
		certificate "$1" stranger stranger-ca localhost DNS:localhost,IP:127.0.0.1 -days 2
}
