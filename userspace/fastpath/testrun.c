/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One frame through the live program and its live maps (BPF_PROG_TEST_RUN):
 * nothing is sent, but counters and recent calls see it like any other.
 */
#include <errno.h>
#include <linux/bpf.h>
#include "fastpath/internal.h"

int cx_fastpath_test_run(struct cx_fastpath *fp, const void *frame, size_t len, int *verdict, void *out,
			 size_t *out_len)
{
	struct xdp_md context = {.data_end = (uint32_t)len};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)len, .data_out = out,
		    .data_size_out = (uint32_t)*out_len, .repeat = 1);
	int err;

	if (len > 65535 || *out_len > 0xffffffffu)
		return -EMSGSIZE;
	/* As if it had come in where the program is attached; without an
	 * interface the kernel says loopback. */
	if (fp->n_links) {
		context.ingress_ifindex = (uint32_t)fp->links[0].shown.ifindex;
		opts.ctx_in = &context;
		opts.ctx_size_in = sizeof(context);
	}
	err = bpf_prog_test_run_opts(fp->program, &opts);
	if (err)
		return err;
	*verdict = (int)opts.retval;
	*out_len = opts.data_size_out;
	return 0;
}
