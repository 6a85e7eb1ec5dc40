/* SPDX-License-Identifier: MIT */
/* node/process.c - see node/process.h. */
#include "config.h"

#include "node/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rotor/log.h>

#define FEW_FDS		4096u		/* a limit worth a word */

/* What node/run.c waits for. */
static const int ours[] = { SIGTERM, SIGINT, SIGHUP };

/* By default each of these would end the process (SIGCHLD apart: ignored, it leaves no
 * zombies).  What a program does to itself is not among them: see node/crash.c. */
static const int ignored[] = {
	SIGPIPE, SIGCHLD, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGXFSZ,
	SIGXCPU, SIGPWR,
#ifdef SIGSTKFLT
	SIGSTKFLT,
#endif
};

int
process_guard_fds(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", O_RDWR) != fd)	/* takes the lowest that is free: this one */
			return errno != 0 ? -errno : -EBADF;
	}
	return 0;
}

void
process_mask_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		sigaddset(&set, ours[i]);
	(void)pthread_sigmask(how, &set, NULL);
}

void
process_take_signals(void)
{
	process_mask_signals(SIG_SETMASK);	/* first; and whatever was blocked by who started us */
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		(void)signal(ignored[i], SIG_IGN);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		(void)signal(sig, SIG_IGN);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

void
process_lift_limits(struct rotor_log *log)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return;
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
		ROTOR_LOG(log, ROTOR_LOG_WARN, "server", "cannot lift the limit of open files",
		    ROTOR_F_STR("error", strerror(errno)));
	else if (rl.rlim_max < FEW_FDS)
		ROTOR_LOG(log, ROTOR_LOG_WARN, "server",
		    "few open files are allowed, and each client takes one: raise ulimit -n, LimitNOFILE= or "
		    "the container's limit", ROTOR_F_INT("limit", rl.rlim_max));
}
