/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A snapshot that is there: who uses it, its end, and what is asked of it as a
 * whole. Uses are counted, as one that DNS has been put into shares most with the
 * one that was read.
 */
#include "config/internal.h"

#include <stdlib.h>
#include <string.h>

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

bool cx_same_place(const union cx_addr *a, uint16_t a_port, const union cx_addr *b, uint16_t b_port)
{
	return a_port == b_port && memcmp(a, b, sizeof(*a)) == 0;
}

const struct cx_config_listener *cx_own_listener(const struct cx_config *config,
						 const struct cx_config_element *e)
{
	for (size_t i = 0; i < config->n_networks; i++) {
		for (size_t j = 0; j < config->networks[i].n_listeners; j++) {
			const struct cx_config_listener *listener = &config->networks[i].listeners[j];

			if (listener->family && listener->transport == e->transport &&
			    cx_same_place(&listener->addr, listener->port, &e->addr, e->port))
				return listener;
		}
	}
	return NULL;
}
