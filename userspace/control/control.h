/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket, runtime_dir/control.sock: one JSON object a line each
 * way, versioned.
 *
 *   -> {"v":1,"cmd":"elements","args":{"group":"media"}}
 *   <- {"v":1,"ok":true,"data":{...}}
 *   <- {"v":1,"ok":false,"error":{"code":"not_found","text":"...","hint":"..."}}
 *
 * Mode 0660, owner root, group control_group: whoever may open it may order.
 * A client that sends more than 1 MB without a newline, or does not read, is
 * dropped; none can delay the SIP path.
 */
#ifndef CX_CONTROL_CONTROL_H
#define CX_CONTROL_CONTROL_H

#define CX_CONTROL_VERSION 1
#define CX_CONTROL_SOCKET "control.sock"

struct cx_daemon;
struct cx_control;

int cx_control_open(struct cx_daemon *d, struct cx_control **out);
void cx_control_close(struct cx_control *c);

#endif
