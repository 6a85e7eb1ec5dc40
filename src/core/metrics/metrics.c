/* SPDX-License-Identifier: MIT */
/* metrics/metrics.c - the registry: its life, families and children. */
#include "config.h"

#include "metrics/metrics_priv.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"
#include "base/utf8.h"

struct metrics *
metrics_new(uint32_t n_shards)
{
	struct metrics *m = calloc(1, sizeof *m + n_shards * sizeof m->shards[0]);

	if (m == NULL)
		return NULL;
	m->magic = METRICS_MAGIC;
	m->n_shards = n_shards;
	(void)pthread_mutex_init(&m->lock, NULL);	/* cannot fail on Linux */
	arena_init(&m->arena, NULL, 0);
	m->last = &m->families;
	/* Slot 0 is the sink; the others come after it, so 0 is nobody's id. */
	if (metrics_slots_new(m, 1) != 0 || m->n_slots == 0)
		metrics_free(&m);
	return m;
}

static void
free_shard(struct metrics_shard *s)
{
	uint32_t i;

	for (i = 0; i < CHUNKS_MAX; i++)
		free(atomic_load_explicit(&s->chunks[i], memory_order_relaxed));
}

void
metrics_free(struct metrics **mp)
{
	struct metrics *m;
	struct rotor_metric *f;
	uint32_t i;

	if (*mp == NULL)
		return;
	OBJ_TAKE(m, mp, METRICS_MAGIC);
	for (f = atomic_load(&m->families); f != NULL; f = atomic_load(&f->next))
		map_fini(&f->by_values);
	for (i = 0; i < m->n_shards; i++)
		free_shard(&m->shards[i]);
	arena_reset(&m->arena);
	(void)pthread_mutex_destroy(&m->lock);
	OBJ_FREE(m);
}

struct metrics_shard *
metrics_shard_get(struct metrics *m, uint32_t i)
{
	OBJ_CHECK(m, METRICS_MAGIC);
	ASSERT(i < m->n_shards);
	return &m->shards[i];
}

/* A name that every exporter can carry: letters, digits after the first, '_'. */
static int
name_valid(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		int letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z');

		if (!letter && s[i] != '_' && (i == 0 || s[i] < '0' || s[i] > '9'))
			return 0;
	}
	return len > 0;
}

static int
bounds_valid(uint32_t type, const double *v, size_t n)
{
	size_t i;

	if (n > (type == ROTOR_HISTOGRAM ? BOUNDS_MAX : 0))
		return 0;
	for (i = 0; i < n; i++)
		if (!isfinite(v[i]) || (i > 0 && v[i] <= v[i - 1]))
			return 0;
	return 1;
}

/* Splits a comma-separated list in place.  0, or -1 for a bad one. */
static int
split_labels(struct rotor_metric *f, char *list)
{
	char *at, *comma;

	for (at = *list != '\0' ? list : NULL; at != NULL; at = comma) {
		comma = strchr(at, ',');
		if (comma != NULL)
			*comma++ = '\0';
		if (f->n_labels == LABELS_MAX || !name_valid(at, strlen(at)))
			return -1;
		f->labels[f->n_labels++] = at;
	}
	return 0;
}

static const struct bounds *
bounds_copy(struct arena *a, const double *v, size_t n)
{
	struct bounds *b = arena_alloc(a, sizeof *b + n * sizeof b->v[0]);

	if (b == NULL)
		return NULL;
	b->n = n;
	if (n > 0)
		memcpy(b->v, v, n * sizeof *v);
	return b;
}

static const char *
copy(struct metrics *m, const char *s)
{
	return arena_strndup(&m->arena, s, strlen(s));
}

static struct rotor_metric *
family_find(struct metrics *m, const char *subsystem, const char *name)
{
	struct rotor_metric *f;

	for (f = atomic_load(&m->families); f != NULL; f = atomic_load(&f->next))
		if (strcmp(f->subsystem, subsystem) == 0 && strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static int
family_is(const struct rotor_metric *f, uint32_t type, const char *labels, const double *bounds,
    size_t n_bounds)
{
	size_t i;

	if (f->type != type || strcmp(f->label_list, labels) != 0 || f->bounds->n != n_bounds)
		return 0;
	for (i = 0; i < n_bounds; i++)
		if (f->bounds->v[i] != bounds[i])
			return 0;
	return 1;
}

/* What a failure leaves in the arena stays there unused; it is small and rare. */
static struct rotor_metric *
family_new(struct metrics *m, const char *subsystem, const char *name, const char *help,
    const char *labels)
{
	struct rotor_metric *f = arena_zalloc(&m->arena, sizeof *f);
	char *list = arena_strndup(&m->arena, labels, strlen(labels));

	if (f == NULL || list == NULL || split_labels(f, list) != 0)
		return NULL;
	f->magic = METRIC_MAGIC;
	f->registry = m;
	f->subsystem = copy(m, subsystem);
	f->name = copy(m, name);
	f->help = copy(m, help);
	f->label_list = copy(m, labels);
	map_init(&f->by_values);
	f->last = &f->children;
	if (f->subsystem == NULL || f->name == NULL || f->help == NULL || f->label_list == NULL)
		return NULL;
	return f;
}

static struct rotor_metric *
family_make(struct metrics *m, uint32_t type, const char *subsystem, const char *name,
    const char *help, const char *labels, const double *bounds, size_t n_bounds)
{
	struct rotor_metric *f = family_new(m, subsystem, name, help, labels);

	if (f == NULL)
		return NULL;
	f->type = type;
	f->bounds = bounds_copy(&m->arena, bounds, n_bounds);
	if (f->bounds == NULL)
		return NULL;
	atomic_store_explicit(m->last, f, memory_order_release);
	m->last = &f->next;
	return f;
}

struct rotor_metric *
metrics_register(struct metrics *m, uint32_t type, const char *subsystem, const char *name,
    const char *help, const char *labels, const double *bounds, size_t n_bounds)
{
	struct rotor_metric *f;

	OBJ_CHECK(m, METRICS_MAGIC);
	if (type > ROTOR_HISTOGRAM || !name_valid(name, strlen(name)) ||
	    (*subsystem != '\0' && !name_valid(subsystem, strlen(subsystem))) ||
	    !bounds_valid(type, bounds, n_bounds))
		return NULL;
	pthread_mutex_lock(&m->lock);
	f = family_find(m, subsystem, name);
	if (f == NULL)
		f = family_make(m, type, subsystem, name, help, labels, bounds, n_bounds);
	else if (!family_is(f, type, labels, bounds, n_bounds))
		f = NULL;
	pthread_mutex_unlock(&m->lock);
	return f;
}

/* The values with a NUL behind each, which no value contains: the child's key. */
static size_t
key_make(const struct rotor_metric *f, const char *const *values,
    char key[LABELS_MAX * (VALUE_MAX + 1)])
{
	size_t i, n, len = 0;

	for (i = 0; i < f->n_labels; i++) {
		n = utf8_cut(values[i], strlen(values[i]), VALUE_MAX);
		memcpy(key + len, values[i], n);
		key[len + n] = '\0';
		len += n + 1;
	}
	return len;
}

static int
child_slots(struct rotor_metric *f, struct child *c)
{
	struct metrics *m = f->registry;
	int histogram = f->type == ROTOR_HISTOGRAM;
	uint32_t i;

	c->slot = metrics_slots_new(m, histogram ? HISTOGRAM_SLOTS(f->bounds->n) : 1);
	for (i = 0; histogram && c->slot != 0 && i < m->n_shards; i++)
		slot_put(shard_slot(&m->shards[i], c->slot), (uint64_t)(uintptr_t)f->bounds);
	return c->slot != 0 ? 0 : -1;
}

static struct child *
child_make(struct rotor_metric *f, uint64_t hash, struct rotor_str key)
{
	struct arena *a = &f->registry->arena;
	struct child *c = arena_zalloc(a, sizeof *c + f->n_labels * sizeof c->values[0]);
	size_t i;

	key = arena_str(a, key);
	if (c == NULL || key.p == NULL)
		return NULL;
	for (i = 0; i < f->n_labels; i++)
		c->values[i] = i == 0 ? key.p : c->values[i - 1] + strlen(c->values[i - 1]) + 1;
	if (child_slots(f, c) != 0 || map_put(&f->by_values, hash, key, c) != 0)
		return NULL;
	atomic_store_explicit(f->last, c, memory_order_release);
	f->last = &c->next;
	return c;
}

rotor_metric_id
rotor_metric_child(struct rotor_metric *f, const char *const *values)
{
	char text[LABELS_MAX * (VALUE_MAX + 1)];
	struct rotor_str key = { text, 0 };
	struct child *c;
	uint64_t hash;

	if (f == NULL)
		return 0;	/* what could not be registered is counted into the sink */
	OBJ_CHECK(f, METRIC_MAGIC);
	key.len = key_make(f, values, text);
	hash = str_hash(key);
	pthread_mutex_lock(&f->registry->lock);
	c = map_get(&f->by_values, hash, key);
	if (c == NULL)
		c = child_make(f, hash, key);
	pthread_mutex_unlock(&f->registry->lock);
	if (c == NULL)
		return 0;
	return f->type == ROTOR_HISTOGRAM ? c->slot | ID_HISTOGRAM : c->slot;
}

int
metrics_register_read(struct metrics *m, uint32_t type, const char *subsystem, const char *name,
    const char *help, metrics_read_f *fn, void *priv)
{
	struct rotor_metric *f = metrics_register(m, type, subsystem, name, help, "", NULL, 0);

	if (f == NULL)
		return -ENOMEM;
	f->read = fn;
	f->read_priv = priv;
	return rotor_metric_child(f, NULL) != 0 ? 0 : -ENOMEM;
}
