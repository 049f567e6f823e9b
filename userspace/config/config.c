/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One load from beginning to end. The config is filled in while it is read and
 * handed out only if no error was seen; until then it is in whatever state the
 * errors left it, which is why cx_config_free() takes any.
 */
#include "config/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int load(struct cx_loader *l, const char *path)
{
	struct cx_config *config = l->config;
	uint32_t index;
	int err;

	config->path = cx_loader_strdup(l, path);
	config->tables = cx_loader_grow(l, NULL, 0, CX_TABLES_MAX, sizeof(*config->tables));
	l->path = cx_loader_add_file(l, path, &index);
	if (l->err)
		return l->err;
	l->tables[0].ignore_separators = true;
	memcpy(config->tables[0], "default", sizeof("default"));
	config->n_tables = 1;

	err = cx_file_read(l);
	if (err)
		return err;
	cx_routes_dir_read(l);
	cx_routes_finish(l);
	cx_config_check(l);
	return l->err;
}

int cx_config_load(const char *path, struct cx_diag *diag, struct cx_config **out)
{
	struct cx_loader l = {.diag = diag};
	size_t errors = diag->errors;
	int err;

	*out = NULL;
	l.config = calloc(1, sizeof(*l.config));
	if (l.config)
		l.config->uses = 1;
	err = l.config ? load(&l, path) : -ENOMEM;
	if (!err && diag->errors > errors)
		err = -EINVAL;
	if (err && diag->errors == errors)
		cx_diag_error(diag, path, 0, NULL, "cannot load it: %s", strerror(-err));
	cx_diag_sort(diag);
	cx_text_free(&l.text);
	cx_config_names_free(&l.groups);
	cx_config_names_free(&l.elements);
	free(l.routes_dir);
	if (err)
		cx_config_free(l.config);
	else
		*out = l.config;
	return err;
}
