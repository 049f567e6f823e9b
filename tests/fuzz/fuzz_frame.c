// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream cut in two ways: at once, and in pieces whose sizes the first bytes
 * give. The same frames must come out, and the index must see each message end
 * where its frame does.
 */
#include <stdio.h>
#include <stdlib.h>
#include "must.h"
#include "sip/frame.h"
#include "sip/message.h"

#define FRAMES_MAX 64
#define HEAD_MAX 2048
#define SIZE_MAX_ 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct frames {
	int size[FRAMES_MAX]; /* or the error */
	enum cx_frame_kind kind[FRAMES_MAX];
	int n;
};

static void read_frames(const char *p, size_t size, const uint8_t steps[4], struct frames *out)
{
	size_t from = 0, to = 0;
	struct cx_frame f;
	int n = 0;

	cx_frame_init(&f, HEAD_MAX, SIZE_MAX_);
	for (unsigned int i = 0; to < size && n >= 0 && out->n < FRAMES_MAX; i++) {
		to += steps ? 1 + steps[i & 3] : size;
		to = to < size ? to : size;
		do {
			char *exact = malloc(to - from + !(to - from));

			MUST(exact);
			memcpy(exact, p + from, to - from);
			n = cx_frame_next(&f, exact, to - from, &out->kind[out->n]);
			free(exact);
			MUST(n <= (int)(to - from));
			if (n)
				out->size[out->n++] = n;
			from += n > 0 ? (size_t)n : 0;
		} while (n > 0 && out->n < FRAMES_MAX);
	}
}

static void check_message(const char *p, int n)
{
	struct cx_field fields[CX_FIELDS_DEFAULT];
	struct cx_message m;

	cx_message_init(&m, fields, CX_FIELDS_DEFAULT, SIZE_MAX_);
	if (cx_message_index(&m, p, (size_t)n, CX_STREAM) != -EPROTO && !m.fault.status)
		MUST(m.n == (uint32_t)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frames whole = {.n = 0}, pieces = {.n = 0};
	const char *p = (const char *)data + 4;

	if (size < 4)
		return 0;
	read_frames(p, size - 4, NULL, &whole);
	read_frames(p, size - 4, data, &pieces);
	MUST(whole.n == pieces.n);
	for (int i = 0; i < whole.n; i++) {
		MUST(whole.size[i] == pieces.size[i]);
		MUST(whole.size[i] < 0 || whole.kind[i] == pieces.kind[i]);
		if (whole.size[i] > 0 && whole.kind[i] == CX_FRAME_MESSAGE)
			check_message(p, whole.size[i]);
		p += whole.size[i] > 0 ? whole.size[i] : 0;
	}
	return 0;
}
