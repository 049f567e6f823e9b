#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The fast path alone, on a veth pair in a network namespace of its own. Two
# daemons, one with 100,000 DNs and one with a million, load, fill and pin
# their maps; then they are killed and their programs measured: what forwards
# calls without a daemon, too.
#
#   tests/bench/fast.sh BUILD_DIRECTORY [options of fast...]
#
# Network, mounts and pins are this process's own and end with it. MILLION=0
# leaves the million out; BENCH_UNDER is a command to run the measurement under.
set -eu
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

if [ "${BENCH_INSIDE:-}" != yes ]; then
	exec env BENCH_INSIDE=yes unshare --net --mount --propagation private bash "$0" "$@"
fi

build=$1
shift
pid= # of the daemon at work
trap '[ -z "$pid" ] || kill -KILL $pid 2>/dev/null' EXIT
trap 'exit 130' INT TERM HUP
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs tmpfs /mnt
ip link set dev lo up
ip link add dev edge type veth peer name wire
ethtool -K wire tx off >/dev/null 2>&1 || true
sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.edge.accept_dad=0
ip link set dev wire up
ip link set dev edge up
ip address add 10.0.0.1/24 dev edge
ip address add fd00::1/64 dev edge nodad
for host in 10.0.0.2 10.0.0.11 10.0.0.12 10.0.0.13 fd00::2 fd00::11 fd00::12 fd00::13; do
	ip neighbour replace $host lladdr 02:00:00:00:00:02 nud permanent dev edge
done

# dns FIRST N GROUP: a file of routes, as a program would write it
dns() {
	awk -v first="$1" -v n="$2" -v group="$3" 'BEGIN { print "["
		for (i = 0; i < n; i++) printf "{\"dn\":\"%s%07d\",\"group\":\"%s\"}%s\n", first, i, group, i < n - 1 ? "," : ""
		print "]" }'
}

# daemon NAME DNS: pins below /sys/fs/bpf/NAME/v1, and nobody running
daemon() {
	local name=$1 dns=$2
	mkdir -p "/mnt/$name/routes.d" "/mnt/$name/run"
	dns 8 "$dns" media >"/mnt/$name/routes.d/a.json"
	dns 6 1 media6 >"/mnt/$name/routes.d/b.json"
	cat >"/mnt/$name/cxsip.cfg" <<-END
	pin_root = "/sys/fs/bpf/$name";
	runtime_dir = "/mnt/$name/run";
	routes_dir = "/mnt/$name/routes.d";
	log = { syslog = false; };
	limits = { dns = $((dns + 1)); };
	networks = ( { name = "edge"; listeners = ( { address = "10.0.0.1"; }, { address = "fd00::1"; } );
	               sources = [ "10.0.0.0/24", "fd00::/64" ]; } );
	groups = (
	  { name = "media"; network = "edge"; probe = { enabled = false; }; elements = (
	      { name = "a"; uri = "sip:10.0.0.11"; }, { name = "b"; uri = "sip:10.0.0.12"; }, { name = "c"; uri = "sip:10.0.0.13"; } ); },
	  { name = "media6"; network = "edge"; probe = { enabled = false; }; elements = (
	      { name = "a6"; uri = "sip:[fd00::11]"; }, { name = "b6"; uri = "sip:[fd00::12]"; }, { name = "c6"; uri = "sip:[fd00::13]"; } ); }
	);
	END
	"$build/cxsipd" -c "/mnt/$name/cxsip.cfg" >"/mnt/$name/log" 2>&1 &
	pid=$!
	until [ -e "/sys/fs/bpf/$name/v1/links/edge" ]; do
		kill -0 $pid 2>/dev/null || { cat "/mnt/$name/log" >&2; return 1; }
		sleep 0.1
	done
	"$build/tests/bench/fast" --ready edge wire "/sys/fs/bpf/$name/v1" || { cat "/mnt/$name/log" >&2; return 1; }
	kill -KILL $pid
	wait $pid 2>/dev/null || true
	pid=
	rm "/sys/fs/bpf/$name/v1/links/"*
}

daemon thousands 100000
pins=/sys/fs/bpf/thousands/v1
if [ "${MILLION:-1}" = 1 ]; then
	daemon million 1000000
	pins+=" /sys/fs/bpf/million/v1"
fi
# shellcheck disable=SC2086
exec ${BENCH_UNDER:-} "$build/tests/bench/fast" "$@" edge wire $pins
