#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Boots one of Debian's cloud kernels in qemu (no KVM needed), runs a script
# there as root, and ends with the script's exit code - or with another one if
# the kernel complained about anything.
#
#   tests/vm/run.sh KERNEL [OPTION...] SCRIPT [ARGUMENT...]
#
#   --with FILE[:PATH]    put a file or directory in, with the shared libraries it
#                         needs. FILE: of the project (lands in the same place below
#                         /cx, where the script starts), absolute, or a command's name
#   --module NAME         one more kernel module, with what it depends on: loaded by
#                         modprobe or by the kernel when it needs it, not at boot
#   --env NAME=VALUE      in the script's environment
#   --out DIR             gets what the script left in /out
#   --append WORDS        for the kernel's command line
#   --debug               slab debugging, poisoning, KFENCE where the kernel has it
#   --count               one processor whose clock is made of instructions: a
#                         nanosecond of the guest is one, so durations are counts
#   --timeout SECONDS     180
#   --cpus N, --memory MB  2, 1024
#
# The script's output is run.sh's. /out/.dmesg and .console (the kernel's log)
# are in DIR, too. Exit codes besides the script's: 70 the kernel complained,
# 71 it died or did not come to an end in time, 77 no kernel or no qemu (says why).
set -uo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

# What tests of packets, namespaces and netfilter may want; only the ones that
# are used get loaded.
modules="veth nf_defrag_ipv4 nf_defrag_ipv6 nf_conntrack nf_tables nft_ct nft_compat x_tables ip_tables ip6_tables iptable_filter
	xt_u32 xt_bpf udp_tunnel ip6_udp_tunnel dummy bridge vxlan sch_netem sch_ingress cls_bpf act_bpf af_packet_diag"
boot_modules="virtio_pci virtio_blk"

# The processors take turns on one thread of the host. With a thread each, qemu executes
# the old code now and then when the kernel patches a jump label that another processor
# runs through, and the kernel dies of its own breakpoint ("Oops: int3").
accel=(-accel tcg,thread=single,tb-size=512)
with=() env=() out='' append='' seconds=180 cpus=2 memory=1024 kernel=
while [ $# -gt 0 ]; do
	case $1 in
	--with) with+=("$2"); shift ;;
	--module) modules+=" $2"; shift ;;
	--env) env+=("$2"); shift ;;
	--out) out=$2; shift ;;
	--append) append+=" $2"; shift ;;
	--debug) append+=" slub_debug=FZPU kfence.sample_interval=20" ;;
	--count) accel+=(-icount shift=0,sleep=off) cpus=1 ;;
	--timeout) seconds=$2; shift ;;
	--cpus) cpus=$2; shift ;;
	--memory) memory=$2; shift ;;
	-*) echo "run.sh: unknown option $1" >&2; exit 2 ;;
	*) [ -z "$kernel" ] || break; kernel=$1 ;;
	esac
	shift
done
[ $# -gt 0 ] || { echo "usage: run.sh KERNEL [OPTION...] SCRIPT [ARGUMENT...]" >&2; exit 2; }

for tool in qemu-system-x86_64 busybox cpio modprobe; do
	command -v $tool >/dev/null || { echo "$tool is not installed (conf/deps.sh vm)" >&2; exit 77; }
done
kernel_paths=$("$here/fetch.sh" "$kernel") || exit
eval "$kernel_paths"

work=$(mktemp -d) || exit 1
pid=
trap '[ -z "$pid" ] || kill $pid 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
root=$work/root

# ---- the root directory ---------------------------------------------------------

put() { # FILE PATH
	mkdir -p "$root$(dirname "$2")"
	cp -rL --preserve=mode,timestamps --remove-destination "$1" "$root$2" # not through a link of busybox's
}

# put_with_libraries FILE PATH: ldd names what the dynamic linker would load, and
# nothing for scripts, static programs and directories.
put_with_libraries() {
	local library
	put "$1" "$2" || return 1
	for library in $(ldd "$1" 2>/dev/null | grep -Eo '/[^ ]+'); do
		[ -e "$root$library" ] || put "$library" "$library" || return 1
	done
}

put_asked() { # FILE[:PATH]
	local file=${1%%:*} path=
	case $1 in *:*) path=${1#*:} ;; esac
	case $file in
	/*) ;;
	*/*) path=${path:-/cx/$file} file=$top/$file ;;
	*) if [ -e "$top/$file" ]; then path=${path:-/cx/$file} file=$top/$file; else file=$(command -v "$file"); fi ;;
	esac
	[ -n "$file" ] && put_with_libraries "$file" "${path:-$file}" || { echo "run.sh: cannot put in $1" >&2; return 1; }
}

# files_of MODULE...: with all dependencies, in the order of loading.
files_of() {
	local name
	for name; do
		modprobe -d "$VM_ROOT" -S "$VM_RELEASE" --show-depends "$name" 2>/dev/null
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# Unpacked here: the host is many times faster at that.
put_modules() {
	local file into
	mkdir -p "$root/lib/modules/$VM_RELEASE"
	for file in $(files_of $boot_modules $modules); do
		into=$root${file#"$VM_ROOT"}
		mkdir -p "$(dirname "$into")"
		case $file in
		*.xz) xz -dc "$file" >"${into%.xz}" ;;
		*) cp "$file" "$into" ;;
		esac
	done
	cp "$VM_ROOT/lib/modules/$VM_RELEASE"/modules.{builtin,order} "$root/lib/modules/$VM_RELEASE/"
	depmod -b "$root" "$VM_RELEASE" 2>/dev/null
	files_of $boot_modules | sed "s|^$VM_ROOT||; s|\.xz$||" >"$root/vm/boot_modules"
}

put_busybox() {
	local applet
	mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in $(busybox --list | grep -vx busybox); do ln -s /bin/busybox "$root/bin/$applet"; done
	ln -s /bin/modprobe "$root/sbin/modprobe"
	ln -s /bin/env "$root/usr/bin/env"
	[ -d /lib64 ] && mkdir -p "$root/lib64"
}

make_root() {
	local file script=$1
	shift
	mkdir -p "$root"/{proc,sys,dev,etc,tmp,vm,cx}
	put_busybox
	put_modules
	install -m 755 "$here/init" "$root/init"
	for file in "${with[@]}"; do put_asked "$file" || return 1; done
	install -m 755 "$script" "$root/vm/script" || return 1
	{
		echo 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LC_ALL=C'
		[ ${#env[@]} -eq 0 ] || printf 'export %q\n' "${env[@]}"
		printf 'exec /vm/script'
		[ $# -eq 0 ] || printf ' %q' "$@"
		echo
	} >"$root/vm/command"
	# not packed: the guest would be slow at unpacking it
	(cd "$root" && find . -print0 | cpio --quiet -0 -o -H newc) >"$work/initramfs"
}

# ---- boot, and what came of it ----------------------------------------------------

# A warning leaves the kernel running, so that the rest of its words are seen; an
# oops ends it. Mitigations and crypto self-tests only cost time here; grace
# periods of RCU are hurried, or 6.1 waits for them most of the time.
boot() {
	truncate -s 1G "$work/disk"
	timeout --foreground -k 5 "$seconds" qemu-system-x86_64 "${accel[@]}" -cpu max,la57=off \
		-smp "$cpus" -m "$memory" -nodefaults -no-user-config -display none -no-reboot -kernel "$VM_VMLINUX" -initrd "$work/initramfs" \
		-append "console=ttyS0 loglevel=6 log_buf_len=4M panic=-1 oops=panic mitigations=off nokaslr random.trust_cpu=on cryptomgr.notests rcupdate.rcu_expedited=1$append" \
		-serial "file:$work/console" -serial stdio -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
		</dev/null &
	pid=$!
	wait $pid
	code=$?
	pid=
}

keep() {
	[ -n "$out" ] || return 0
	mkdir -p "$out" && cp -r "$work/out/." "$out/" && cp "$work/console" "$out/.console"
}

make_root "$@" || exit 1
boot
mkdir "$work/out"
tar -xf "$work/disk" -C "$work/out" 2>/dev/null
keep
if ! complaints=$("$here/splat.sh" "$work/console" $([ -e "$work/out/.dmesg" ] && echo "$work/out/.dmesg")); then
	echo "run.sh: $kernel: the kernel complained:" >&2
	printf '%s\n' "$complaints" >&2
	exit 70
fi
status=$(cat "$work/out/.status" 2>/dev/null) || {
	[ $code = 124 ] && echo "run.sh: $kernel: no end after $seconds s" >&2 || echo "run.sh: $kernel: died (qemu: $code)" >&2
	tail -n 20 "$work/console" >&2
	exit 71
}
# bits of tainted: bad page 5, died 7, warned 9, soft lockup 14
taint=$(cat "$work/out/.taint")
[ $((taint & (1 << 5 | 1 << 7 | 1 << 9 | 1 << 14))) = 0 ] || { echo "run.sh: $kernel: tainted $taint" >&2; exit 70; }
exit "$status"
