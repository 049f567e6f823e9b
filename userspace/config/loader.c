/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of one load: memory and files that the sections ask for while they
 * are read. Lack of memory is remembered, so that a reader may go on.
 */
#include "config/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *cx_loader_grow(struct cx_loader *l, void *array, size_t old, size_t n, size_t size)
{
	char *grown = reallocarray(array, n ? n : 1, size);

	if (!grown) {
		l->err = -ENOMEM;
		return NULL;
	}
	memset(grown + old * size, 0, ((n ? n : 1) - old) * size);
	return grown;
}

char *cx_loader_strdup(struct cx_loader *l, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		l->err = -ENOMEM;
	return copy;
}

const char *cx_loader_add_file(struct cx_loader *l, const char *path, uint32_t *index)
{
	struct cx_config *config = l->config;
	char **grown = cx_loader_grow(l, config->files, config->n_files, config->n_files + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	config->files = grown;
	grown[config->n_files] = cx_loader_strdup(l, path);
	if (!grown[config->n_files])
		return NULL;
	*index = (uint32_t)config->n_files;
	return grown[config->n_files++];
}

bool cx_loader_hints(const struct cx_loader *l)
{
	return l->diag->errors < 100; /* what a cx_diag stores at most */
}
