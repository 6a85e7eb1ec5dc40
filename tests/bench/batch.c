/* SPDX-License-Identifier: MIT */
/*
 * batch.c - what a publication costs the server when they come in batches:
 *
 *	batch PORT PID KEY COMMANDS SECONDS
 *
 * posts batches of so many publish commands over one connection, one after the other,
 * and prints the server's own CPU time for each publication.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COMMAND	"{\"publish\":{\"channel\":\"bench\",\"data\":{\"text\":\"" FILL FILL FILL FILL "\"}}}"
#define FILL	"0123456789abcdef0123456789abcde"	/* about 128 bytes of data in all */

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

/* CPU time of all threads so far, in microseconds. */
static double
cpu_us(const char *pid)
{
	unsigned long user, system;
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
	    &user, &system) != 2)
		fail(path);
	fclose(f);
	return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
connect_to(int port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0)
		fail("connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

/* A whole request; its length. */
static size_t
make_request(char *dst, size_t cap, const char *key, int n)
{
	size_t body = sizeof "{\"commands\":[]}" - 1 + (size_t)n * sizeof COMMAND - 1;
	int at = snprintf(dst, cap, "POST /api/batch HTTP/1.1\r\nHost: bench\r\nX-API-Key: %s\r\n"
	    "Content-Length: %zu\r\n\r\n{\"commands\":[", key, body);

	for (int i = 0; i < n; i++)
		at += snprintf(dst + at, cap - (size_t)at, "%s%s", i > 0 ? "," : "", COMMAND);
	return (size_t)at + (size_t)snprintf(dst + at, cap - (size_t)at, "]}");
}

static void
write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n <= 0)
			fail("write");
		p += n;
		len -= (size_t)n;
	}
}

/* Reads one response, which must have an answer for each of the commands. */
static void
read_response(int fd, char *buf, size_t cap, int commands)
{
	size_t len = 0, want = SIZE_MAX;
	int answers = 0;

	while (len < want) {
		ssize_t n = read(fd, buf + len, cap - 1 - len);
		char *head, *length;

		if (n <= 0)
			fail("read");
		len += (size_t)n;
		buf[len] = '\0';
		head = strstr(buf, "\r\n\r\n");
		length = strstr(buf, "Content-Length: ");
		if (want == SIZE_MAX && head != NULL && length != NULL)
			want = (size_t)(head + 4 - buf) + strtoul(length + 16, NULL, 10);
	}
	for (const char *p = buf; (p = strstr(p, "{\"publish\":{")) != NULL; p++)
		answers++;
	if (answers != commands) {
		fprintf(stderr, "%d commands, %d answers: %s\n", commands, answers, buf);
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	int fd, commands = argc == 6 ? atoi(argv[4]) : 0;
	size_t cap = 1024 + (size_t)commands * (sizeof COMMAND + 1), len;
	char *request = malloc(cap), *response = malloc(cap);
	double until, begin;
	long batches = 0;

	if (commands < 1 || request == NULL || response == NULL) {
		fprintf(stderr, "usage: batch PORT PID KEY COMMANDS SECONDS\n");
		return 2;
	}
	fd = connect_to(atoi(argv[1]));
	len = make_request(request, cap, argv[3], commands);
	begin = cpu_us(argv[2]);
	for (until = now_s() + atof(argv[5]); now_s() < until; batches++) {
		write_all(fd, request, len);
		read_response(fd, response, cap, commands);
	}
	printf("batches %ld\nserver_cpu_us_per_publish %.3f\n", batches,
	    (cpu_us(argv[2]) - begin) / ((double)batches * commands));
	return 0;
}
