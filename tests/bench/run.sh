#!/bin/bash
# SPDX-License-Identifier: MIT
# Measures the server built in TOP_BUILDDIR (the current folder): make bench.
#
# Each figure is the server process's own CPU time or memory, so that it does not
# depend on the load generator; beside it stand the target and, for what is a send to
# a socket, what one bare send() costs on this machine (floor.c).  A server is started
# anew for each line.  Run it on a machine that does nothing else.
#
# ROTOR_WORKERS		threads of the server (one a core)
# BENCH_CONNS		idle connections (15000)
# BENCH_SECS		seconds of each measurement (10)
set -euo pipefail

build=$(cd "${TOP_BUILDDIR:-.}" && pwd)
tools=$build/tests/bench
conns=${BENCH_CONNS:-15000}
secs=${BENCH_SECS:-10}
secret=bench-secret-bench-secret-bench-secret
dir=$(mktemp -d)
server=

finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$dir"
}
trap finish EXIT

ulimit -n "$(ulimit -Hn)"
if [ "$(ulimit -n)" -lt $((conns + 100)) ]; then
	echo "$conns connections need ulimit -n of $((conns + 100)), it is $(ulimit -n)" >&2
	exit 1
fi
export ROTOR_MODULE_DIR=$build/modules/.libs

grpc=false
[ ! -x "$tools/grpcload" ] || grpc=true

cat >"$dir/rotor.yaml" <<END
http_server: {address: 127.0.0.1, port: 0}
http_api: {key: bench}
grpc_api: {enabled: $grpc, address: 127.0.0.1, port: 0, key: bench}
log: {level: info, format: json}
client:
  token: {hmac_secret_key: $secret}
channel:
  without_namespace: {allow_subscribe_for_client: true}
END

server_start() {
	"$build/rotor" serve -c "$dir/rotor.yaml" >"$dir/log" 2>&1 &
	server=$!
	for _ in $(seq 100); do
		port=$(sed -n 's/.*serving websocket.* on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$dir/log")
		grep -q '"message":"started"' "$dir/log" && [ -n "$port" ] && return
		sleep 0.1
	done
	cat "$dir/log" >&2
	exit 1
}

server_stop() {
	kill "$server"
	wait "$server" || true
	server=
}

# load NAME OPTION...: runs rtload with the options against a new server; its figures
# are in $dir/NAME.
load() {
	local name=$1
	shift
	server_start
	"$tools/rtload" --port "$port" --pid "$server" --secret "$secret" --api-key bench \
	    --payload 128 "$@" >"$dir/$name"
	server_stop
}

# show LOAD NAME TITLE TARGET FLOOR
show() {
	local value
	value=$(sed -n "s/^$2 //p" "$dir/$1")
	printf '%-52s %9.2f %9s %9s\n' "$3" "$value" "$4" "$5"
}

# Publications in batches of 100.
load_batch() {
	server_start
	"$tools/batch" "$port" "$server" bench 100 "$secs" >"$dir/batch"
	server_stop
}

# floor_start PROGRAM: a server that does nothing but answer; $port is its port.
floor_start() {
	"$tools/$1" >"$dir/$1.port" &
	server=$!
	for _ in $(seq 100); do
		[ -s "$dir/$1.port" ] && break
		sleep 0.1
	done
	port=$(cat "$dir/$1.port")
}

load_floor_http() {
	floor_start floor_http
	"$tools/rtload" --port "$port" --pid "$server" --payload 128 \
	    --conns 0 --publish -1 --secs "$secs" >"$dir/floor_http"
	server_stop
}

load_grpc() {
	server_start
	port=$(sed -n 's/.*serving gRPC API on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$dir/log")
	"$tools/grpcload" --port "$port" --pid "$server" --key bench --secs "$secs" >"$dir/grpc"
	server_stop
	floor_start floor_grpc
	"$tools/grpcload" --port "$port" --pid "$server" --key bench --secs "$secs" >"$dir/floor_grpc"
	server_stop
}

floor() {
	sed -n "s/^floor_us_per_send $1 //p" "$dir/floor"
}

"$build/rotor" version
echo "$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r)"
"$tools/floor" >"$dir/floor"
load idle --conns "$conns" --channels "$conns" --settle 3 --secs $((secs * 2))
load wide --conns 1000 --publish 100 --secs "$secs"
load fast --conns 100 --publish 2000 --secs "$secs"
load api --conns 1 --subs 0 --publish -1 --secs "$secs"
load_floor_http
load_batch
[ ! -x "$tools/grpcload" ] || load_grpc

printf '\n%-52s %9s %9s %9s\n' figure measured target bare
show idle connected 'idle connections, JWT, one subscription each' "$conns" ''
show idle rss_per_conn_kb '  memory of each, KB' '<= 3.5' ''
show idle idle_cpu_us_per_conn_sec '  CPU of each at rest, us/s' '<= 1' ''
show idle connect_cpu_us '  connect + JWT + subscribe, CPU us' '<= 60' ''
show wide server_cpu_us_per_delivery 'fan-out to 1,000, CPU us a delivery' '<= 4.5' "$(floor 1000)"
show fast server_cpu_us_per_delivery '100 subscribers x 2,000 msg/s, CPU us a delivery' '<= 2.2' "$(floor 100)"
show fast latency_p99_us '  99% delivered within, us' '' ''
show api server_cpu_us_per_publish 'HTTP publish, no subscribers, CPU us' '<= 14' \
    "$(sed -n 's/^server_cpu_us_per_publish //p' "$dir/floor_http")"
show batch server_cpu_us_per_publish '  each of 100 in a batch' '<= 2.5' ''
[ ! -f "$dir/grpc" ] || show grpc server_cpu_us_per_call 'gRPC publish, no subscribers, CPU us' '<= 22' \
    "$(sed -n 's/^server_cpu_us_per_call //p' "$dir/floor_grpc")"
