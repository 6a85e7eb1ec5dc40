/* SPDX-License-Identifier: MIT */
/* tests/unit/test_cpus.c - CPUs by affinity and by the quota of cgroups, real and made up. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cpus.h"

/* A folder that stands for /proc/self and for /sys/fs/cgroup. */
static char top[64];

static int
make_top(void **state)
{
	(void)state;
	strcpy(top, "/tmp/rotor-cpus-XXXXXX");
	return mkdtemp(top) != NULL ? 0 : -1;
}

static int
remove_top(void **state)
{
	char cmd[128];

	(void)state;
	(void)snprintf(cmd, sizeof cmd, "rm -rf %s", top);
	return system(cmd);
}

/* Writes a file, with the folders it is in. */
static void
put_file(const char *name, const char *text)
{
	char path[512], *at;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", top, name);
	for (at = path + strlen(top) + 1; (at = strchr(at, '/')) != NULL; *at++ = '/') {
		*at = '\0';
		(void)mkdir(path, 0700);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
put_mountinfo(const char *root, const char *mount, const char *type, const char *options)
{
	char text[1024];

	(void)snprintf(text, sizeof text, "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	    "30 22 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
	    "31 22 0:29 %s %s/%s rw,nosuid shared:9 - %s cgroup %s\n", root, top, mount, type, options);
	put_file("mountinfo", text);
}

static const struct {
	const char	*cgroup, *root;		/* as /proc/self shows them */
	const char	*file[3], *text[3];	/* below cg/ */
	uint32_t	v1, right;
} cases[] = {
	/* v2: its own, above it, the smallest of all */
	{ "0::/\n", "/", { "cpu.max" }, { "150000 100000\n" }, 0, 2 },
	{ "0::/\n", "/", { "cpu.max" }, { "max 100000\n" }, 0, 0 },
	{ "0::/\n", "/", { "cpu.max" }, { "50000 100000\n" }, 0, 1 },
	{ "0::/\n", "/", { "cpu.max" }, { "100000 100000\n" }, 0, 1 },
	{ "0::/\n", "/", { "cpu.max" }, { "800000 100000" }, 0, 8 },
	{ "0::/a/b\n", "/", { "a/b/cpu.max" }, { "300000 100000\n" }, 0, 3 },
	{ "0::/a/b\n", "/", { "a/b/cpu.max", "a/cpu.max" }, { "max 100000\n", "200000 100000\n" }, 0, 2 },
	{ "0::/a/b\n", "/", { "a/b/cpu.max", "a/cpu.max", "cpu.max" },
	    { "400000 100000\n", "max 100000\n", "300000 100000\n" }, 0, 3 },
	{ "0::/a/b\n", "/", { "a/b/cpu.max", "a/cpu.max" }, { "200000 100000\n", "900000 100000\n" }, 0, 2 },
	/* a container that sees a part of the hierarchy, or none of its own */
	{ "0::/docker/x\n", "/docker/x", { "cpu.max" }, { "200000 100000\n" }, 0, 2 },
	{ "0::/docker/x/in\n", "/docker/x", { "in/cpu.max" }, { "100000 100000\n" }, 0, 1 },
	{ "0::/other\n", "/docker/x", { "cpu.max" }, { "200000 100000\n" }, 0, 2 },
	{ "0::/../..\n", "/", { "cpu.max" }, { "200000 100000\n" }, 0, 2 },
	/* v1 */
	{ "3:cpuset:/a\n2:cpu,cpuacct:/a\n", "/", { "a/cpu.cfs_quota_us", "a/cpu.cfs_period_us" },
	    { "250000\n", "100000\n" }, 1, 3 },
	{ "2:cpuacct,cpu:/\n", "/", { "cpu.cfs_quota_us", "cpu.cfs_period_us" }, { "-1\n", "100000\n" }, 1, 0 },
	{ "2:cpu:/p/q\n0::/\n", "/", { "p/cpu.cfs_quota_us", "p/cpu.cfs_period_us" },
	    { "20000\n", "10000\n" }, 1, 2 },
	{ "2:cpuset:/\n", "/", { "cpu.cfs_quota_us", "cpu.cfs_period_us" }, { "20000\n", "10000\n" }, 1, 0 },
	/* rubbish */
	{ "", "/", { "cpu.max" }, { "200000 100000\n" }, 0, 0 },
	{ "0\n0:\n:::\n0::", "/", { "cpu.max" }, { "200000 100000\n" }, 0, 2 },
	{ "0::/\n", "/", { "cpu.max" }, { "" }, 0, 0 },
	{ "0::/\n", "/", { "cpu.max" }, { "200000\n" }, 0, 0 },
	{ "0::/\n", "/", { "cpu.max" }, { "0 0\n" }, 0, 0 },
	{ "0::/\n", "/", { "cpu.max" }, { "9223372036854775807 1\n" }, 0, 0 },
};

static void
quotas(void **state)
{
	char name[128];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(make_top(state), 0);
		put_file("cgroup", cases[i].cgroup);
		put_mountinfo(cases[i].root, "cg", cases[i].v1 ? "cgroup" : "cgroup2",
		    cases[i].v1 ? "rw,cpu,cpuacct" : "rw,nsdelegate");
		for (size_t k = 0; k < 3 && cases[i].file[k] != NULL; k++) {
			(void)snprintf(name, sizeof name, "cg/%s", cases[i].file[k]);
			put_file(name, cases[i].text[k]);
		}
		if (cpus_quota(top) != cases[i].right)
			fail_msg("case %zu: %u, not %u", i, cpus_quota(top), cases[i].right);
		assert_int_equal(remove_top(state), 0);
	}
	assert_int_equal(cpus_quota("/nonexistent"), 0);
}

static void
by_affinity(void **state)
{
	cpu_set_t all, one;
	uint32_t n = cpus_allowed();

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
	assert_true(n >= 1 && n <= (uint32_t)CPU_COUNT(&all));
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	assert_int_equal(cpus_allowed(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotas),
		cmocka_unit_test(by_affinity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
