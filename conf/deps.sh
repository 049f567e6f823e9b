#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs the Debian packages that building, the lab, the virtual machines of
# the kernel matrix and the benchmark need.
#
#   conf/deps.sh [build] [lab] [vm] [bench]      (default: build lab)
#
# Idempotent, and silent when nothing is missing. Nothing that gets installed
# is left running or set to start at boot: Kamailio is only measured and called here.
set -eu

BUILD="gcc libc6-dev make pkg-config clang llvm libclang-rt-dev bpftool linux-libc-dev libbpf-dev libelf-dev zlib1g-dev
	libnl-3-dev libnl-route-3-dev libnl-genl-3-dev libconfig-dev libjansson-dev libuv1-dev libunbound-dev uthash-dev libcmocka-dev"
LAB="iproute2 nftables util-linux procps ethtool jq mawk sip-tester dnsmasq-base baresip-core sipsak linphone-cli kamailio"
VM="qemu-system-x86 busybox-static cpio kmod binutils xz-utils lz4 zstd dwarves"
BENCH="kamailio"

wanted=
[ $# -gt 0 ] || set -- build lab
for group; do
	case $group in
	build) wanted="$wanted $BUILD" ;;
	lab) wanted="$wanted $LAB" ;;
	vm) wanted="$wanted $VM" ;;
	bench) wanted="$wanted $BENCH" ;;
	*) echo "deps.sh: unknown group '$group' (build, lab, vm, bench)" >&2; exit 2 ;;
	esac
done

missing=
for package in $wanted; do
	case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) in
	installed) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "These packages are missing; as root: apt-get install$missing" >&2
	exit 1
fi
echo "Installing:$missing"

# While this file exists, package scripts start no service (exit code 101).
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	trap 'exit 1' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 $missing >/dev/null
case "$missing " in
*" kamailio "*)
	deb-systemd-helper disable kamailio.service >/dev/null 2>&1 || true
	update-rc.d kamailio disable >/dev/null 2>&1 || true
	;;
esac
