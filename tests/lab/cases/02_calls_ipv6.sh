#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The same as 01_calls_ipv4, over IPv6.
FAMILY=6
. "$(dirname "$0")/01_calls_ipv4.sh"
