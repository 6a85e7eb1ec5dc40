/* SPDX-License-Identifier: MIT */
/*
 * floor_http.c - what one HTTP request costs on this machine at the very least: reads
 * whatever comes, parses nothing, and sends the answer of a publish.  One epoll_wait(),
 * one recv(), one send().  Prints the port it listens on; rtload drives and measures it.
 */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_EVENTS	64

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    "Content-Length: 13\r\n\r\n{\"result\":{}}";

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static int
listen_any(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len) != 0 || listen(fd, 16) != 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		fail("listen");
	printf("%d\n", ntohs(sa.sin_port));
	fflush(stdout);
	return fd;
}

static void
watch(int ep, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) != 0)
		fail("epoll_ctl");
}

static void
take(int ep, int listener)
{
	int fd = accept(listener, NULL, NULL), one = 1;

	if (fd < 0)
		fail("accept");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	watch(ep, fd);
}

static void
serve(int fd)
{
	char buf[65536];

	if (recv(fd, buf, sizeof buf, 0) <= 0)
		(void)close(fd);
	else if (send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
		(void)close(fd);
}

int
main(void)
{
	int listener = listen_any(), ep = epoll_create1(0);
	struct epoll_event ev[MAX_EVENTS];

	watch(ep, listener);
	for (;;) {
		int n = epoll_wait(ep, ev, MAX_EVENTS, -1);

		for (int i = 0; i < n; i++)
			if (ev[i].data.fd == listener)
				take(ep, listener);
			else
				serve(ev[i].data.fd);
	}
}
