# CX SIP Proxy. `make help` lists the targets.
# SPDX-License-Identifier: GPL-2.0-only

VERSION := 0.1.0
B       ?= build
PREFIX  ?= /usr
CLANG   ?= clang
BPFTOOL ?= /usr/sbin/bpftool
PKGS    := libbpf libnl-3.0 libnl-route-3.0 libconfig jansson libuv

CFLAGS  ?= -O2 -g
ALL_CFLAGS = -std=gnu11 -Wall -Wextra -Wshadow -Werror -Wno-unused-parameter $(HARDEN) $(CFLAGS) $(SANITIZE) \
	-Iinclude -Iuserspace -I$(B)/bpf -DCX_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
HARDEN  ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDHARDEN ?= -pie -Wl,-z,relro,-z,now
LDLIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter -Iinclude -Ibpf \
	-I/usr/include/$(shell uname -m)-linux-gnu

# The rooms of the daemon, and which of them each program needs.
ROOMS   := base observe config route fastpath health net proxy control
ROOM_SRC := $(wildcard $(ROOMS:%=userspace/%/*.c))
LIB_OBJ := $(ROOM_SRC:%.c=$(B)/%.o)
CXSIPD_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard userspace/cxsipd/*.c))
CXCTL_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard userspace/cxctl/*.c))

.PHONY: all
all: $(B)/cxsipd $(B)/cxctl

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h include/cxsip/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(BPFTOOL) gen skeleton $< name cx_xdp_bpf > $@.tmp && mv $@.tmp $@

$(B)/userspace/%.o: userspace/%.c | $(B)/bpf/cxsip.skel.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/userspace/fastpath/%.o: $(B)/bpf/cxsip.skel.h

$(B)/libcxsip.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/cxsipd: $(CXSIPD_OBJ) $(B)/libcxsip.a
	$(CC) $(CFLAGS) $(SANITIZE) $(LDHARDEN) -o $@ $^ $(LDLIBS)

$(B)/cxctl: $(CXCTL_OBJ) $(B)/libcxsip.a
	$(CC) $(CFLAGS) $(SANITIZE) $(LDHARDEN) -o $@ $^ $(LDLIBS)

.PHONY: clean
clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
