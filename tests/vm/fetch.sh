#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetches one of Debian's cloud kernels with its headers, once: what is below
# VM_CACHE (build/vm) is used again without the network.
#
#   tests/vm/fetch.sh KERNEL          KERNEL: 6.1, 6.12
#
# Prints shell assignments with absolute paths, for `eval`:
#   VM_RELEASE  what uname -r says there
#   VM_VMLINUX  the kernel as ELF, uncompressed: boots without unpacking itself
#   VM_ROOT     directory for modprobe -d; modules in $VM_ROOT/lib/modules/$VM_RELEASE
#   VM_HEADERS  for make -C $VM_HEADERS M=...
#   VM_BTF      raw BTF of vmlinux
#   VM_BTFIDS   a resolve_btfids; empty where Debian ships none
#
# Ends with 77 and says why when the packages cannot be had, with 1 on any
# other trouble. Nothing is installed; packages are unpacked, not configured.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
kernel=${1:?usage: fetch.sh KERNEL, e.g. 6.12}
[[ $kernel =~ ^[0-9]+\.[0-9]+$ ]] || { echo "fetch.sh: '$kernel' is no kernel version such as 6.12" >&2; exit 2; }
top=$(cd "$(dirname "$0")/../.." && pwd)
cache=${VM_CACHE:-$top/build/vm}
here=$cache/$kernel

unavailable() { echo "$*" >&2; exit 77; }

# The name of the image package that Debian's meta package stands for now.
# bookworm calls its own kernel linux-image-cloud-amd64, later ones by version.
image_package() {
	apt-cache show "linux-image-$kernel-cloud-amd64" linux-image-cloud-amd64 2>/dev/null |
		grep -Eo "^Depends:.*linux-image-${kernel//./\\.}\.[0-9][^ ,]*-cloud-amd64" | grep -Eo 'linux-image-[^ ,]*' | head -n 1
}

# Of several, those that a package depends on: linux-headers-*-common, linux-kbuild-*.
dependency() {
	apt-cache show --no-all-versions "$1" | grep '^Depends:' | grep -Eo "$2" | head -n 1
}

download() {
	local image headers common kbuild
	image=$(image_package) || { apt-get update -qq >/dev/null 2>&1 || true; }
	image=${image:-$(image_package)} || unavailable "no package of Debian's $kernel cloud kernel is known to apt"
	headers=${image/image/headers}
	common=$(dependency "$headers" 'linux-headers-[^ ,]*-common') &&
		kbuild=$(dependency "$headers" 'linux-kbuild-[^ ,]*') || unavailable "no headers of $image are known to apt"
	mkdir -p "$1/deb"
	(cd "$1/deb" && timeout 300 apt-get download -q -o APT::Sandbox::User=root \
		"$image" "$headers" "$common" "$kbuild" >../download.log 2>&1) ||
		unavailable "apt-get download: $(tail -n 1 "$1/download.log")"
}

little_endian() { od -An -tu4 -j "$2" -N 4 "$1" | tr -d ' '; }

# The kernel inside a bzImage: the boot protocol's header (at 0x1f1: the size of
# what comes before in sectors, 0x248 and 0x24c: place and length of the packed
# kernel, whose last four bytes are its size and no part of the stream).
unpack_vmlinux() {
	local sectors at length packed=$2.packed
	sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1" | tr -d ' ')
	at=$(($(little_endian "$1" $((0x248))) + (sectors + 1) * 512))
	length=$(little_endian "$1" $((0x24c)))
	tail -c +$((at + 1)) "$1" | head -c $((length - 4)) >"$packed" || true # tail's pipe breaks
	case $(od -An -tx1 -N 4 "$packed" | tr -d ' ') in
	02214c18) lz4 -dcq "$packed" >"$2" ;;
	28b52ffd) zstd -dcq "$packed" >"$2" ;;
	fd377a58) xz -dc --single-stream "$packed" >"$2" ;;
	*) echo "fetch.sh: $1 is packed in an unknown way" >&2; return 1 ;;
	esac
	rm "$packed"
}

# The headers' Makefile names its other half by an absolute path: relative
# instead, so that the cache works wherever it lies.
relocate_headers() {
	sed -i 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' "$1"/usr/src/linux-headers-*-cloud-amd64/Makefile
}

unpack() {
	local at=$1 deb release
	for deb in "$at"/deb/*.deb; do dpkg -x "$deb" "$at"; done
	rm -r "$at/deb"
	release=$(ls "$at/lib/modules")
	rm "$at/lib/modules/$release/build" "$at/lib/modules/$release/source"
	relocate_headers "$at"
	unpack_vmlinux "$at/boot/vmlinuz-$release" "$at/vmlinux"
	objcopy --dump-section .BTF="$at/vmlinux.btf" "$at/vmlinux" /dev/null
	depmod -b "$at" "$release"
	echo "$release" >"$at/release"
}

if [ ! -e "$here/release" ]; then
	for tool in lz4 zstd xz objcopy depmod apt-get dpkg; do
		command -v $tool >/dev/null || unavailable "$tool is not installed (conf/deps.sh vm)"
	done
	mkdir -p "$cache"
	new=$(mktemp -d "$cache/$kernel.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	download "$new"
	unpack "$new"
	chmod 755 "$new"
	rm -rf "$here"
	mv -T "$new" "$here"
	trap - EXIT
fi
here=$(readlink -f "$here")
release=$(cat "$here/release")
cat <<END
VM_RELEASE=$release
VM_VMLINUX=$here/vmlinux
VM_ROOT=$here
VM_HEADERS=$here/usr/src/linux-headers-$release
VM_BTF=$here/vmlinux.btf
VM_BTFIDS=$(find "$here/usr/lib" -type f -name resolve_btfids)
END
