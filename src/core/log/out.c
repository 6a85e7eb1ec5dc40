/* SPDX-License-Identifier: MIT */
/* log/out.c - see log/out.h. */
#include "config.h"

#include "log/out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

uint64_t
out_clock_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* A pipe that is writable has room for PIPE_BUF bytes, and takes no others' between them. */
static size_t
portion(int fd, const char *p, size_t len)
{
	struct stat st;
	const char *nl;

	if (len <= PIPE_BUF || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return len;
	nl = memrchr(p, '\n', PIPE_BUF);
	return nl != NULL ? (size_t)(nl + 1 - p) : PIPE_BUF;
}

ssize_t
out_some(int fd, const char *p, size_t len)
{
	ssize_t n;

	do
		n = write(fd, p, portion(fd, p, len));
	while (n < 0 && errno == EINTR);
	return n > 0 ? n : n == 0 ? -EIO : -errno;
}

int
out_all(int fd, const char *p, size_t len, uint64_t until_ms)
{
	struct pollfd pf = { .fd = fd, .events = POLLOUT };
	uint64_t now_ms;
	ssize_t n;
	int r;

	while (len > 0) {
		now_ms = out_clock_ms();
		r = poll(&pf, 1, until_ms > now_ms ? (int)(until_ms - now_ms) : 0);
		if (r == 0)
			return -ETIMEDOUT;
		n = r > 0 ? out_some(fd, p, len) : -errno;
		if (n < 0 && n != -EAGAIN && n != -EINTR)
			return (int)n;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}
