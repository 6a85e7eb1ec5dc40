/* SPDX-License-Identifier: MIT */
/* conf/core_files.c - whether the files that a server writes can be written. */
#include "config.h"

#include "conf/core_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"

/* 0, or an errno value: whether a file could be made at `path`, where there is none. */
static int
cannot_create(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int err = 0;

	if (slash == NULL)
		return (access(".", W_OK | X_OK) == 0 ? 0 : errno);
	dir = strndup(path, slash > path ? (size_t)(slash - path) : 1);
	if (dir == NULL || access(dir, W_OK | X_OK) != 0)
		err = errno;
	free(dir);
	return (err);
}

/* Likewise for one that may be there already. */
static int
cannot_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return (0);
	}
	/* A pipe that nobody reads yet. */
	if (errno == ENXIO)
		return (0);
	return (errno == ENOENT ? cannot_create(path) : errno);
}

static void
check_file(struct conf *c, int fatal, const char *key, const char *path)
{
	int err = path[0] != '\0' ? cannot_write(path) : 0;

	if (err != 0)
		conf_problem_add(c, fatal, key, "cannot write to %.256s: %s", path, strerror(err));
}

void
core_check_files(struct conf *c, const struct conf_core *cc)
{
	check_file(c, 1, "log.file", cc->log_file);
	/* The server does without it. */
	check_file(c, 0, "pid_file", cc->pid_file);
}
