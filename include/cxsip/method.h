/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The methods that have rules of their own somewhere (RFC 3261 and its
 * extensions); all others are CX_M_OTHER and pass intact.
 */
#ifndef CXSIP_METHOD_H
#define CXSIP_METHOD_H

enum cx_method {
	CX_M_OTHER = 0,
	CX_M_INVITE,
	CX_M_ACK,
	CX_M_CANCEL,
	CX_M_BYE,
	CX_M_OPTIONS,
	CX_M_REGISTER,
	CX_M_PRACK,
	CX_M_UPDATE,
	CX_M_INFO,
	CX_M_NOTIFY,
	CX_M_MESSAGE,
	CX_M_SUBSCRIBE,
	CX_M_REFER,
	CX_M_PUBLISH,
};

#endif
