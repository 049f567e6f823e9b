/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One load from beginning to end, and the end of a snapshot.
 *
 * The config is filled in while it is read and handed out only if no error was
 * seen; until then it is in whatever state the errors left it, which is why
 * cx_config_free() takes any. Uses are counted, as one that DNS has been put into
 * shares most with the one that was read.
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

static void network_free(struct cx_config_network *network)
{
	for (size_t i = 0; i < network->n_aliases; i++)
		free(network->aliases[i]);
	free(network->aliases);
	free(network->sources);
	free(network->listeners);
}

struct cx_config *cx_config_keep(struct cx_config *config)
{
	__atomic_add_fetch(&config->uses, 1, __ATOMIC_RELAXED);
	return config;
}

void cx_config_free(struct cx_config *config)
{
	if (!config || __atomic_sub_fetch(&config->uses, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < config->n_groups; i++)
		free(config->groups[i].elements);
	free(config->groups);
	if (config->written) {
		cx_config_free(config->written);
		free(config);
		return;
	}
	for (size_t i = 0; i < config->n_networks; i++)
		network_free(&config->networks[i]);
	for (size_t i = 0; i < config->n_interfaces; i++)
		free(config->interfaces[i]);
	for (size_t i = 0; i < config->n_files; i++)
		free(config->files[i]);
	free(config->networks);
	free(config->routes);
	free(config->interfaces);
	free(config->tables);
	free(config->files);
	free(config->path);
	free(config);
}

size_t cx_config_count_listeners(const struct cx_config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_networks; i++)
		n += config->networks[i].n_listeners;
	return n;
}

size_t cx_config_count_elements(const struct cx_config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_groups; i++)
		n += config->groups[i].n_elements;
	return n;
}
