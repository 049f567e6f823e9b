# CX SIP Proxy. `make help` lists the targets.
# SPDX-License-Identifier: GPL-2.0-only

VERSION := 0.1.0
B       ?= build
PREFIX  ?= /usr
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
CLANG   ?= clang
BPFTOOL ?= $(shell command -v bpftool || echo /usr/sbin/bpftool)
PKGS    := libbpf libnl-3.0 libnl-genl-3.0 libnl-route-3.0 libconfig jansson libuv

CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Werror -Wno-unused-parameter
HARDEN  ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDHARDEN ?= -pie -Wl,-z,relro,-z,now
ALL_CFLAGS = -std=gnu11 $(WARN) $(HARDEN) $(CFLAGS) $(SANITIZE) -DCX_VERSION='"$(VERSION)"' \
	-Iinclude -Iuserspace -I$(B)/bpf -I$(B) $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
# libunbound.pc wants the headers of what it was built with
LDLIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lunbound -lm
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -mllvm -disable-block-placement $(WARN) -Iinclude -Ibpf -I/usr/include/$(shell uname -m)-linux-gnu

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

# The rooms below the programs, lowest first (docs/design.md).
ROOMS   := base sip observe dns config route fastpath health net txn proxy proxy/stateful control
LIB_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard $(ROOMS:%=userspace/%/*.c)))
CXSIPD_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard userspace/cxsipd/*.c))
CXCTL_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard userspace/cxctl/*.c))

.PHONY: all
all: $(B)/cxsipd $(B)/cxctl ## build the daemon and the command line (default)

# ---- the fast path -----------------------------------------------------------

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h include/cxsip/*.h)
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/bpf/cxsip.skel.h: $(B)/bpf/cxsip.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name cx_xdp_bpf > $@.tmp && mv $@.tmp $@

$(B)/bpf/steer.skel.h: $(B)/bpf/steer.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name cx_steer_bpf > $@.tmp && mv $@.tmp $@

# the form that calls the kernel module
$(B)/bpf/cxsip_kfuncs.bpf.o: bpf/cxsip.bpf.c
$(B)/bpf/cxsip_kfuncs.skel.h: $(B)/bpf/cxsip_kfuncs.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name cx_kfuncs_bpf > $@.tmp && mv $@.tmp $@

SKELETONS := $(patsubst %,$(B)/bpf/%.skel.h,cxsip cxsip_kfuncs steer)

# ---- the daemon and cxctl ----------------------------------------------------

$(B)/userspace/%.o: userspace/%.c | $(SKELETONS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(LIB_OBJ) $(CXSIPD_OBJ) $(CXCTL_OBJ): Makefile

$(B)/libcxsip.a: $(LIB_OBJ)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/cxsipd: $(CXSIPD_OBJ) $(B)/libcxsip.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDHARDEN) -o $@ $^ $(LDLIBS)

$(B)/cxctl: $(CXCTL_OBJ) $(B)/libcxsip.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDHARDEN) -o $@ $^ $(LDLIBS)

# ---- tests -------------------------------------------------------------------

# tests/unit/test_*.c are programs of one file, some with a set-up that they
# share; tests/fastpath/test_*.c share the rig beside them.
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
$(filter $(B)/tests/unit/test_world%,$(UNIT_TESTS)): $(B)/tests/unit/world_run.o
$(filter $(B)/tests/unit/test_health%,$(UNIT_TESTS)): $(B)/tests/unit/health_run.o
$(filter $(B)/tests/unit/test_tcp%,$(UNIT_TESTS)): $(B)/tests/unit/tcp_run.o
$(filter $(B)/tests/unit/test_reach%,$(UNIT_TESTS)): $(B)/tests/unit/reach_run.o $(B)/tests/unit/kernel.o
$(filter $(B)/tests/unit/test_fastpath%,$(UNIT_TESTS)): $(B)/tests/unit/fastpath_run.o $(B)/tests/unit/fastpath_tables.o $(B)/tests/unit/kernel.o
RIG_OBJ    := $(patsubst %.c,$(B)/%.o,$(filter-out tests/fastpath/test_% %.bpf.c,$(wildcard tests/fastpath/*.c)))
FASTPATH_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/fastpath/test_*.c))

$(B)/tests/fastpath/functions.bpf.o: tests/fastpath/functions.bpf.c tests/fastpath/functions.h include/cxsip/kfuncs.h
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@
$(B)/tests/fastpath/functions.skel.h: $(B)/tests/fastpath/functions.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name functions_bpf > $@.tmp && mv $@.tmp $@
$(B)/tests/fastpath/test_kfuncs.o: $(B)/tests/fastpath/functions.skel.h
$(B)/tests/fastpath/test_kfuncs.o: ALL_CFLAGS += -I$(B)/tests/fastpath

$(B)/tests/%.o: tests/%.c | $(SKELETONS)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -c $< -o $@

# parts of cxctl that stand alone are tested, too
$(B)/libcxctl.a: $(filter-out %/main.o,$(CXCTL_OBJ))
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/libcxctl.a $(B)/libcxsip.a
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDHARDEN) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lcmocka

$(B)/tests/unit/test_sip_torture $(B)/tests/unit/test_core_torture: $(B)/tests/fastpath/corpus.o

$(B)/tests/fastpath/%: $(B)/tests/fastpath/%.o $(RIG_OBJ) $(B)/libcxsip.a
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDHARDEN) -o $@ $^ $(LDLIBS) -lcmocka

# the proxy core between peers made of text, on a virtual clock
REPLAY_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/replay/*.c))
$(B)/tests/replay/replay: $(REPLAY_OBJ) $(B)/libcxsip.a
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDHARDEN) -o $@ $^ $(LDLIBS) -lcmocka

# what the kernel module's tests need inside the virtual machine
VM_TOOLS := $(patsubst %.c,$(B)/%,$(wildcard tests/vm/tools/*.c))
$(B)/tests/vm/tools/%: $(B)/tests/vm/tools/%.o
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDHARDEN) -o $@ $^ $(LDLIBS) $(if $(findstring genl,$@),-lcmocka)

.SECONDARY:

.PHONY: tests asan tsan
tests: all $(UNIT_TESTS) $(FASTPATH_TESTS) $(B)/tests/replay/replay $(VM_TOOLS) $(B)/tests/bench/calls/calls ## build all tests
asan: ## build daemon and tests with address and undefined-behaviour sanitizers into $(B)/asan
	+$(Q)$(MAKE) --no-print-directory tests B=$(B)/asan CFLAGS='-O1 -g' HARDEN=-fPIE \
		SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
tsan: ## the same with the thread sanitizer into $(B)/tsan
	+$(Q)$(MAKE) --no-print-directory tests B=$(B)/tsan CFLAGS='-O1 -g' HARDEN=-fPIE SANITIZE=-fsanitize=thread

.PHONY: test test-vm
test: deps-vm ## run all tests (root; installs what is missing)
	+$(Q)$(MAKE) --no-print-directory tests asan
	$(Q)tests/run.sh $(B)
test-vm: deps-vm ## the fast path in Debian's kernels, in qemu (KERNEL=6.12: one)
	+$(Q)$(MAKE) --no-print-directory tests
	$(Q)VM_KERNELS='$(KERNEL)' tests/run.sh $(B) vm

.PHONY: coverage
ROOM ?= sip txn proxy/stateful
coverage: deps ## lines of ROOM that unit tests and replay run
	$(Q)tests/coverage.sh $(B) $(ROOM)

.PHONY: fuzz
FUZZ_SECONDS ?= 60
fuzz: deps ## fuzz engine, configuration, messages, URIs, framing, DNS and the proxy core, FUZZ_SECONDS each
	+$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/fuzz/run.sh $(FUZZ_SECONDS)

# ---- benchmark ---------------------------------------------------------------

$(B)/tests/bench/replay.bpf.o: tests/bench/replay.bpf.c tests/bench/replay.h $(wildcard include/cxsip/*.h)
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/tests/bench/replay.skel.h: $(B)/tests/bench/replay.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name replay_bpf > $@.tmp && mv $@.tmp $@

$(B)/tests/bench/fast.o: $(B)/tests/bench/replay.skel.h
$(B)/tests/bench/fast.o: ALL_CFLAGS += -I$(B)/tests/bench
$(B)/tests/bench/fast: $(B)/tests/bench/fast.o $(B)/tests/bench/frames.o
	$(Q)$(CC) $(CFLAGS) $(LDHARDEN) -o $@ $^ $(LDLIBS)
$(B)/tests/bench/load: $(B)/tests/bench/load.o
	$(Q)$(CC) $(CFLAGS) $(LDHARDEN) -o $@ $^
$(B)/tests/bench/calls/calls: $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/calls/*.c))
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDHARDEN) -o $@ $^

$(B)/tests/bench/core $(B)/tests/bench/names: $(B)/tests/bench/%: $(B)/tests/bench/%.o $(B)/libcxsip.a
	$(Q)$(CC) $(CFLAGS) $(LDHARDEN) -o $@ $^ $(LDLIBS) -lcmocka

.PHONY: bench
bench: ## measure against bare XDP_TX and Kamailio (root); writes $(B)/bench.json
	$(Q)conf/deps.sh build lab bench
	+$(Q)$(MAKE) --no-print-directory all $(B)/tests/bench/fast $(B)/tests/bench/load $(B)/tests/bench/calls/calls $(B)/tests/bench/core $(B)/tests/bench/names
	$(Q)tests/bench/bench.sh $(B)

# ---- run, install, clean -----------------------------------------------------

.PHONY: deps deps-vm
deps: ## install the Debian packages that are missing (root)
	$(Q)conf/deps.sh
# Where qemu cannot be had, the tests in virtual machines are skipped.
deps-vm: deps
	$(Q)conf/deps.sh vm || echo "conf/deps.sh vm failed: no tests in virtual machines"

.PHONY: run
run: deps ## real SIP calls through the proxy in a lab of network namespaces (root)
	+$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/lab/run.sh

.PHONY: install
install: all ## install below DESTDIR, PREFIX (/usr), SYSCONFDIR (/etc)
	install -D -m 0755 $(B)/cxsipd $(DESTDIR)$(PREFIX)/sbin/cxsipd
	install -D -m 0755 $(B)/cxctl $(DESTDIR)$(PREFIX)/bin/cxctl
	install -d $(DESTDIR)$(SYSCONFDIR)/cxsip/routes.d
	test -e $(DESTDIR)$(SYSCONFDIR)/cxsip/cxsip.cfg || \
		install -m 0644 conf/cxsip.cfg $(DESTDIR)$(SYSCONFDIR)/cxsip/cxsip.cfg
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/cxsip conf/cxsip.cfg conf/routes.d/example.json
	install -d $(DESTDIR)$(UNITDIR)
	sed -e 's|/usr/sbin/cxsipd|$(PREFIX)/sbin/cxsipd|; s|/etc/cxsip|$(SYSCONFDIR)/cxsip|' conf/cxsip.service \
		> $(DESTDIR)$(UNITDIR)/cxsip.service
	install -D -m 0644 conf/cxsip.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/cxsip.conf
	install -D -m 0644 conf/cxctl.bash-completion $(DESTDIR)$(PREFIX)/share/bash-completion/completions/cxctl
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man1 docs/man/cxctl.1
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man5 docs/man/cxsip.cfg.5
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man8 docs/man/cxsipd.8
# on this host, and not into a package: the service's user, and the unit made known
	test -n "$(DESTDIR)" || ! command -v systemd-sysusers >/dev/null || systemd-sysusers $(PREFIX)/lib/sysusers.d/cxsip.conf
	test -n "$(DESTDIR)" || ! test -d /run/systemd/system || systemctl daemon-reload

# ---- the kernel module -----------------------------------------------------------

.PHONY: module install-dkms
module: ## build cxsip.ko for the running kernel, or KDIR=headers
	+$(Q)$(MAKE) --no-print-directory -C kmod OUT=$(abspath $(B))/kmod/host CX_VERSION=$(VERSION)

DKMS := $(DESTDIR)/usr/src/cxsip-$(VERSION)
install-dkms: ## install the module's source for DKMS
	install -d $(DKMS)/kmod $(DKMS)/include/cxsip
	install -m 0644 -t $(DKMS)/kmod kmod/*.[ch] kmod/Kbuild kmod/Makefile
	install -m 0755 -t $(DKMS)/kmod kmod/btf.sh
	install -m 0644 -t $(DKMS)/include/cxsip include/cxsip/*.h
	sed 's/@VERSION@/$(VERSION)/' kmod/dkms.conf.in >$(DKMS)/dkms.conf

.PHONY: clean
clean: ## remove the build directory
	rm -rf $(B)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)
