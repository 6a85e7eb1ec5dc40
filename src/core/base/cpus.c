/* SPDX-License-Identifier: MIT */
/*
 * base/cpus.c - see base/cpus.h.
 *
 * Containers are given a share of the machine's CPUs by a set (which affinity shows) or by
 * a quota, which only the files of the cgroup show: its own and those of all above it that
 * can be seen from here.
 */
#include "config.h"

#include "base/cpus.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_MAX		65536	/* CPUs; the kernel's own limit is 8,192 */

/* Where the controller is mounted, and the process's place below. */
struct cgroup {
	int	version;
	char	root[PATH_MAX];		/* what of the hierarchy is mounted */
	char	mount[PATH_MAX];
	char	path[PATH_MAX];		/* of the process, in the hierarchy */
};

/* Whether a comma-separated list has `word`. */
static int
list_has(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (;; list += n + 1) {
		n = strcspn(list, ",\n");
		if (n == len && memcmp(list, word, n) == 0)
			return 1;
		if (list[n] != ',')
			return 0;
	}
}

/* "4:cpu,cpuacct:/a/b" (v1), "0::/a/b" (v2).  1 when it is about CPUs in that version. */
static int
take_path(struct cgroup *cg, char *line)
{
	char *list = strchr(line, ':'), *path = list != NULL ? strchr(list + 1, ':') : NULL;

	if (path == NULL)
		return 0;
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	if (cg->version == 2 ? strcmp(line, "0:") != 0 : !list_has(list + 1, "cpu"))
		return 0;
	return snprintf(cg->path, sizeof cg->path, "%s", path) < (int)sizeof cg->path;
}

/* "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu": root, mount point, type,
 * options.  1 as above. */
static int
take_mount(struct cgroup *cg, char *line)
{
	char *rest = strstr(line, " - "), type[32], options[256];

	if (rest == NULL || sscanf(rest, " - %31s %*s %255s", type, options) != 2)
		return 0;
	if (cg->version == 2 ? strcmp(type, "cgroup2") != 0 :
	    strcmp(type, "cgroup") != 0 || !list_has(options, "cpu"))
		return 0;
	_Static_assert(PATH_MAX == 4096, "as in the format");
	return sscanf(line, "%*s %*s %*s %4095s %4095s", cg->root, cg->mount) == 2;
}

typedef int take_f(struct cgroup *cg, char *line);

/* Shows `take` the lines of a file until one is taken.  1; 0: none was. */
static int
find_line(struct cgroup *cg, const char *proc, const char *name, take_f *take)
{
	char file[PATH_MAX], *line = NULL;
	size_t size = 0;
	int found = 0;
	FILE *f;

	(void)snprintf(file, sizeof file, "%s/%s", proc, name);
	if ((f = fopen(file, "re")) == NULL)
		return 0;
	while (!found && getline(&line, &size, f) > 0)
		found = take(cg, line);
	free(line);
	(void)fclose(f);
	return found;
}

/* Two numbers of files in `dir`; "max" and what cannot be read are -1. */
static void
read_numbers(const char *dir, const char *name, long long *ret_a, long long *ret_b)
{
	char file[PATH_MAX + 32];
	FILE *f;

	*ret_a = -1;
	if (ret_b != NULL)
		*ret_b = -1;
	(void)snprintf(file, sizeof file, "%s/%s", dir, name);
	if ((f = fopen(file, "re")) == NULL)
		return;
	if (fscanf(f, "%lld", ret_a) == 1 && ret_b != NULL)
		(void)!fscanf(f, "%lld", ret_b);
	(void)fclose(f);
}

static uint32_t
quota_in(int version, const char *dir)
{
	long long quota, period;

	if (version == 2)
		read_numbers(dir, "cpu.max", &quota, &period);
	else {
		read_numbers(dir, "cpu.cfs_quota_us", &quota, NULL);
		read_numbers(dir, "cpu.cfs_period_us", &period, NULL);
	}
	if (quota <= 0 || period <= 0 || (quota - 1) / period >= SET_MAX)
		return 0;
	return (uint32_t)((quota - 1) / period) + 1;
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The part of the process's path below what is mounted here; "" when it cannot be seen. */
static const char *
path_below(const struct cgroup *cg)
{
	size_t len = strcmp(cg->root, "/") == 0 ? 0 : strlen(cg->root);

	if (strlen(cg->path) < len || memcmp(cg->path, cg->root, len) != 0 || strstr(cg->path, "/..") != NULL)
		return "";
	return cg->path[len] == '/' && cg->path[len + 1] != '\0' ? cg->path + len : "";
}

static uint32_t
quota_of(int version, const char *proc)
{
	struct cgroup cg = { .version = version };
	char dir[2 * PATH_MAX];
	uint32_t least = 0;
	size_t mount_len;

	if (!find_line(&cg, proc, "cgroup", take_path) || !find_line(&cg, proc, "mountinfo", take_mount))
		return 0;
	mount_len = strlen(cg.mount);
	(void)snprintf(dir, sizeof dir, "%s%s", cg.mount, path_below(&cg));
	for (;;) {
		least = smaller(least, quota_in(version, dir));
		if (strlen(dir) <= mount_len)
			return least;
		*strrchr(dir, '/') = '\0';
	}
}

uint32_t
cpus_quota(const char *proc)
{
	return smaller(quota_of(1, proc), quota_of(2, proc));
}

/* The kernel wants a set as large as its own, however large that is. */
static uint32_t
affinity(void)
{
	for (int n = CPU_SETSIZE; n <= SET_MAX; n *= 2) {
		cpu_set_t *set = CPU_ALLOC((size_t)n);
		size_t size = CPU_ALLOC_SIZE((size_t)n);
		int count = 0;

		if (set == NULL)
			return 0;
		if (sched_getaffinity(0, size, set) == 0)
			count = CPU_COUNT_S(size, set);
		CPU_FREE(set);
		if (count > 0)
			return (uint32_t)count;
	}
	return 0;
}

uint32_t
cpus_allowed(void)
{
	uint32_t n = smaller(affinity(), cpus_quota("/proc/self"));

	return n > 0 ? n : 1;
}
