// SPDX-License-Identifier: GPL-2.0-only
/*
 * cxsip.ko: the stateless SIP proxy's engine for datagrams that XDP does not
 * see whole. Loaded, it does nothing until a namespace is attached; unloaded,
 * every datagram goes to the daemon again. It can go at any time, also while
 * namespaces are attached.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/module.h>
#include <net/genetlink.h>
#include "body.h"
#include "compat.h"
#include "genl.h"
#include "kfuncs.h"
#include "net.h"
#include "selftest.h"

static int __init cx_init(void)
{
	int err;

	err = cx_bodies_new();
	if (err)
		return err;
	err = cx_selftest();
	if (err)
		goto err_bodies;
	err = cx_nets_init();
	if (err)
		goto err_bodies;
	err = cx_kfuncs_init();
	if (err)
		goto err_nets;
	err = cx_genl_init();
	if (err)
		goto err_nets;
	pr_info("%s loaded, ABI %d, genl version %d, %zu KiB a CPU\n", CX_VERSION, CX_ABI, CX_GENL_VERSION,
		sizeof(struct cx_msg) / 1024);
	return 0;
err_nets:
	cx_nets_exit();
err_bodies:
	cx_bodies_free();
	return err;
}

/* No new attachment, then no attachment, then nothing that one needs. Hooks
 * are unregistered and have ended when cx_nets_exit() returns. */
static void __exit cx_exit(void)
{
	cx_genl_exit();
	cx_nets_exit();
	cx_bodies_free();
	pr_info("unloaded\n");
}

module_init(cx_init);
module_exit(cx_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("CX SIP Proxy: stateless forwarding of reassembled datagrams");
MODULE_VERSION(CX_VERSION);
CX_IMPORT_BPF();
MODULE_ALIAS_GENL_FAMILY(CX_GENL_NAME);
