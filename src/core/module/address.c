/* SPDX-License-Identifier: MIT */
/*
 * module/address.c - see module/address.h.
 *
 * dladdr() takes the loader's lock, so nobody in a signal handler may call it; and it knows
 * files, not modules.  Here a look-up reads a few words.
 */
#include "config.h"

#include "module/address.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#define NAME_MAX_LEN	64u

struct span {
	_Atomic uintptr_t	begin;		/* 0: the row is free */
	_Atomic uintptr_t	end;
	uint32_t		opened;		/* how often; under the lock */
	char			name[NAME_MAX_LEN];	/* written before `begin` is */
};

static struct span spans[ADDRESS_MODULES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* of those who change them */

struct search {
	uintptr_t	base;
	uintptr_t	begin, end;
};

/* The segments of the image that was mapped at `base`. */
static int
measure(struct dl_phdr_info *info, size_t size, void *priv)
{
	struct search *s = priv;

	(void)size;
	if (info->dlpi_addr != s->base)
		return 0;
	for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t at = s->base + ph->p_vaddr;

		if (ph->p_type != PT_LOAD)
			continue;
		if (s->begin == 0 || at < s->begin)
			s->begin = at;
		if (at + ph->p_memsz > s->end)
			s->end = at + ph->p_memsz;
	}
	return 1;
}

/* 0, or -1 when it cannot be found. */
static int
span_of(void *dl, struct search *ret)
{
	const struct link_map *map;

	*ret = (struct search){ 0 };
	if (dlinfo(dl, RTLD_DI_LINKMAP, &map) != 0)
		return -1;
	ret->base = map->l_addr;
	(void)dl_iterate_phdr(measure, ret);
	return ret->begin != 0 ? 0 : -1;
}

/* The row that begins there, or (begin 0) a free one; NULL. */
static struct span *
row(uintptr_t begin)
{
	for (size_t i = 0; i < ADDRESS_MODULES_MAX; i++)
		if (atomic_load_explicit(&spans[i].begin, memory_order_relaxed) == begin)
			return &spans[i];
	return NULL;
}

void
module_address_add(void *dl, const char *name)
{
	struct search at;
	struct span *s;

	if (span_of(dl, &at) != 0)
		return;
	pthread_mutex_lock(&lock);
	if ((s = row(at.begin)) == NULL && (s = row(0)) != NULL) {
		(void)snprintf(s->name, sizeof s->name, "%s", name);
		atomic_store_explicit(&s->end, at.end, memory_order_relaxed);
		atomic_store_explicit(&s->begin, at.begin, memory_order_release);
	}
	if (s != NULL)
		s->opened++;
	pthread_mutex_unlock(&lock);
}

void
module_address_drop(void *dl)
{
	struct search at;
	struct span *s;

	if (span_of(dl, &at) != 0)
		return;
	pthread_mutex_lock(&lock);
	if ((s = row(at.begin)) != NULL && --s->opened == 0)
		atomic_store_explicit(&s->begin, 0, memory_order_release);
	pthread_mutex_unlock(&lock);
}

const char *
module_of_address(const void *addr)
{
	uintptr_t at = (uintptr_t)addr, begin;

	for (size_t i = 0; i < ADDRESS_MODULES_MAX; i++) {
		begin = atomic_load_explicit(&spans[i].begin, memory_order_acquire);
		if (begin != 0 && at >= begin &&
		    at < atomic_load_explicit(&spans[i].end, memory_order_relaxed))
			return spans[i].name;
	}
	return NULL;
}
