/* SPDX-License-Identifier: MIT */
/*
 * floor.c - what one send() costs on this machine, below which no server that writes
 * to sockets can get: floor [BYTES].
 *
 * For 100, 1,000 and 10,000 loopback TCP connections, sends a frame of BYTES (150) to
 * each of them, message after message, while another process waits in epoll and reads.
 * The figure is the sender's own CPU time, user and system, for one send(); the sender
 * waits for the reader after each message, so that no socket ever fills up.  Prints
 * "floor_us_per_send CONNECTIONS MICROSECONDS", the median of the rounds.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS		5
#define SENDS		50000	/* of a round, at least */
#define EVENTS		512
#define FRAME_MAX	65536

static void
die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
watch(int ep, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) != 0)
		die("epoll_ctl");
}

/* The reader: accepts, reads, counts, until its parent ends it. */
static void
read_all(int listener, _Atomic long long *bytes)
{
	static char buf[FRAME_MAX];
	struct epoll_event ev[EVENTS];
	int ep = epoll_create1(0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	watch(ep, listener);
	for (;;) {
		int n = epoll_wait(ep, ev, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = ev[i].data.fd;
			ssize_t len;

			if (fd == listener) {
				fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
				if (fd < 0)
					die("accept");
				watch(ep, fd);
			} else if ((len = recv(fd, buf, sizeof buf, 0)) > 0) {
				atomic_fetch_add(bytes, len);
			} else if (len == 0) {
				close(fd);
			}
		}
	}
}

static int
listen_any(struct sockaddr_in *ret_addr)
{
	socklen_t len = sizeof *ret_addr;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*ret_addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)ret_addr, len) != 0 || listen(fd, 1024) != 0 ||
	    getsockname(fd, (struct sockaddr *)ret_addr, &len) != 0)
		die("listen");
	return fd;
}

static void
connect_all(int *fd, int n, const struct sockaddr_in *addr)
{
	int one = 1;

	for (int i = 0; i < n; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (fd[i] < 0 || connect(fd[i], (const struct sockaddr *)addr, sizeof *addr) != 0)
			die("connect");
		setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	}
}

/* CPU time of this process, microseconds. */
static double
cpu_us(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ((double)ru.ru_utime.tv_sec + (double)ru.ru_stime.tv_sec) * 1e6 +
	    (double)ru.ru_utime.tv_usec + (double)ru.ru_stime.tv_usec;
}

/* CPU microseconds of one send, over a round of messages to all. */
static double
round_cost(const int *fd, int n, const char *frame, size_t len, _Atomic long long *bytes)
{
	const struct timespec pause = { 0, 500000 };
	int messages = SENDS / n > 5 ? SENDS / n : 5;
	double spent = 0;

	for (int m = 0; m < messages; m++) {
		long long goal = atomic_load(bytes) + (long long)len * n;
		double began = cpu_us();

		for (int i = 0; i < n; i++)
			if (send(fd[i], frame, len, MSG_NOSIGNAL) != (ssize_t)len)
				die("send");
		spent += cpu_us() - began;
		while (atomic_load(bytes) < goal)
			nanosleep(&pause, NULL);
	}
	return spent / ((double)messages * n);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(int n, const char *frame, size_t len)
{
	_Atomic long long *bytes = mmap(NULL, sizeof *bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int *fd = calloc((size_t)n, sizeof *fd), listener;
	struct sockaddr_in addr;
	double cost[ROUNDS];
	pid_t reader;

	if (bytes == MAP_FAILED || fd == NULL)
		die("memory");
	listener = listen_any(&addr);
	reader = fork();
	if (reader < 0)
		die("fork");
	if (reader == 0)
		read_all(listener, bytes);
	close(listener);
	connect_all(fd, n, &addr);
	round_cost(fd, n, frame, len, bytes);	/* warm up */
	for (int i = 0; i < ROUNDS; i++)
		cost[i] = round_cost(fd, n, frame, len, bytes);
	qsort(cost, ROUNDS, sizeof cost[0], by_value);
	printf("floor_us_per_send %d %.2f\n", n, cost[ROUNDS / 2]);
	fflush(stdout);
	for (int i = 0; i < n; i++)
		close(fd[i]);
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);
	free(fd);
	munmap((void *)bytes, sizeof *bytes);
}

int
main(int argc, char **argv)
{
	static const int sizes[] = { 100, 1000, 10000 };
	static char frame[FRAME_MAX];
	long len = argc > 1 ? strtol(argv[1], NULL, 10) : 150;
	struct rlimit files;

	if (argc > 2 || len < 1 || len > FRAME_MAX) {
		fprintf(stderr, "usage: floor [BYTES]\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	memset(frame, 'x', sizeof frame);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		if ((rlim_t)sizes[i] + 64 <= files.rlim_cur)
			measure(sizes[i], frame, (size_t)len);
		else
			fprintf(stderr, "floor: %d connections need a higher ulimit -n\n", sizes[i]);
	return 0;
}
