/* SPDX-License-Identifier: MIT */
/*
 * node/crash.c - see node/crash.h.
 *
 * All of it runs in a signal handler, perhaps with locks held and memory spoilt: nothing
 * here allocates, waits for a lock, or writes where it could block.  backtrace() has been
 * called before, so that it need not load its library now; for what may still hang in there
 * is an alarm.
 */
#include "config.h"

#include "node/crash.h"

#include <execinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/obj.h"
#include "log/log.h"
#include "loop/worker.h"
#include "module/address.h"
#include "node/server.h"

#define STACK_BYTES	65536u
#define FRAMES_MAX	64
#define HANG_S		5u	/* until the alarm ends what we could not */
#define FRAME_MS	200	/* for the log to take one more line */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define CRASH_WATCH	0
#else
#  define CRASH_WATCH	1
#endif

static const struct crash_signal {
	int		number;
	const char	*name;
} signals[] = {
	{ SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" }, { SIGILL, "SIGILL" }, { SIGFPE, "SIGFPE" },
	{ SIGSYS, "SIGSYS" }, { SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" },
};

#define N_SIGNALS	(sizeof signals / sizeof signals[0])

struct crash_watch {
	uint32_t		magic;
#define CRASH_WATCH_MAGIC	0x6e18f05bu
	uint32_t		n_stacks;	/* the control thread's is the last */
	struct rotor_server	*srv;
	char			stacks[][STACK_BYTES];
};

/* A crash is the process's, and so are its handlers. */
static struct rotor_server *_Atomic told;
static _Atomic pid_t teller;		/* the thread that crashed first */

/* Where it was: what was running, and who had called. */
struct trace {
	void	*frames[FRAMES_MAX];
	int	n;
	int	first;		/* those before it are ours */
};

static void
machine_state(const ucontext_t *uc, void **ret_pc, void **ret_sp)
{
	*ret_pc = *ret_sp = NULL;
#if defined(__x86_64__)
	*ret_pc = (void *)uc->uc_mcontext.gregs[REG_RIP];
	*ret_sp = (void *)uc->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
	*ret_pc = (void *)uc->uc_mcontext.pc;
	*ret_sp = (void *)uc->uc_mcontext.regs[30];	/* the return address, not where it is */
#else
	(void)uc;
#endif
}

/* Who called a function that is not there: the unwinder finds no way out of it. */
static void *
caller_of_nothing(void *sp)
{
#if defined(__x86_64__)
	return sp != NULL ? *(void **)sp : NULL;
#else
	return sp;
#endif
}

static void
trace_take(struct trace *t, const ucontext_t *uc)
{
	void *pc, *sp;
	int i = 0;

	machine_state(uc, &pc, &sp);
	t->n = backtrace(t->frames, FRAMES_MAX - 1);
	while (i < t->n && t->frames[i] != pc)
		i++;
	t->first = i < t->n ? i : 0;
	if (pc != NULL && t->first > 0)
		return;
	/* It did not come as far as that. */
	if (t->n > FRAMES_MAX - 2)
		t->n = FRAMES_MAX - 2;
	t->first = t->n;
	t->frames[t->n++] = pc;
	if (caller_of_nothing(sp) != NULL)
		t->frames[t->n++] = caller_of_nothing(sp);
}

/* The innermost module on the stack, or "". */
static const char *
culprit(const struct trace *t)
{
	const char *name = NULL;

	for (int i = t->first; i < t->n && name == NULL; i++)
		name = module_of_address(t->frames[i]);
	return name != NULL ? name : "";
}

static const char *
signal_name(int sig)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (signals[i].number == sig)
			return signals[i].name;
	return "";
}

/* What the loop of this thread is in, or "". */
static const char *
busy_with(void)
{
	const struct rotor_worker *w = rotor_worker_current();
	const char *what = NULL;

	if (w != NULL && atomic_load(&w->busy_since_ms) != 0)
		what = atomic_load(&w->busy_what);
	return what != NULL ? what : "";
}

static void
write_frames(const struct trace *t, int fd)
{
	struct pollfd pf = { .fd = fd, .events = POLLOUT };

	for (int i = t->first; i < t->n && poll(&pf, 1, FRAME_MS) == 1; i++)
		backtrace_symbols_fd(&t->frames[i], 1, fd);
}

static void
tell(struct rotor_log *log, int sig, const ucontext_t *uc)
{
	char thread[16] = "";
	struct trace t;
	int fd;

	(void)prctl(PR_GET_NAME, thread);
	trace_take(&t, uc);
	{
		const char *module = culprit(&t), *busy = busy_with(), *why = obj_failure();
		const struct rotor_field f[] = {
			ROTOR_F_STR("signal", signal_name(sig)), ROTOR_F_STR("thread", thread),
			ROTOR_F_STR("busy", busy), ROTOR_F_STR("module", module),
			ROTOR_F_STR("version", PACKAGE_VERSION), ROTOR_F_STR("assertion", why),
		};

		fd = log_crash_line(log, "server", "crashed", f, sizeof f / sizeof f[0] - (*why == '\0'));
	}
	if (fd >= 0)
		write_frames(&t, fd);
}

static void
by_default(int sig)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };

	(void)sigaction(sig, &sa, NULL);
}

static void
arm_alarm(void)
{
	sigset_t set;

	by_default(SIGALRM);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	(void)alarm(HANG_S);
}

/* A fault happens again when we return, and then ends the process; a signal that was sent
 * is sent again, and comes when we return.  The first process of a container is not ended
 * by one. */
static void
end_by(int sig, const siginfo_t *si)
{
	by_default(sig);
	if (si->si_code > 0)
		return;
	if (getpid() == 1)
		_exit(128 + sig);
	(void)raise(sig);
}

static void
on_crash(int sig, siginfo_t *si, void *uc)
{
	struct rotor_server *srv = atomic_load(&told);
	pid_t me = gettid(), nobody = 0;

	if (atomic_compare_exchange_strong(&teller, &nobody, me)) {
		arm_alarm();
		if (srv != NULL)
			tell(server_log(srv), sig, uc);
	} else if (nobody != me)
		for (;;)
			(void)pause();	/* another thread's crash is being told */
	end_by(sig, si);
}

static void
set_handlers(void)
{
	struct sigaction sa = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	void *frame;

	(void)backtrace(&frame, 1);
	sigfillset(&sa.sa_mask);
	for (size_t i = 0; i < N_SIGNALS; i++)
		(void)sigaction(signals[i].number, &sa, NULL);
}

struct crash_watch *
crash_watch_new(struct rotor_server *srv)
{
	uint32_t n = rotor_server_workers(srv) + 1;
	struct crash_watch *cw;

	if (!CRASH_WATCH || (cw = malloc(sizeof *cw + n * STACK_BYTES)) == NULL)
		return NULL;
	cw->magic = CRASH_WATCH_MAGIC;
	cw->n_stacks = n;
	cw->srv = srv;
	atomic_store(&told, srv);
	set_handlers();
	return cw;
}

void
crash_watch_thread(struct crash_watch *cw, uint32_t index)
{
	stack_t ss = { .ss_size = STACK_BYTES };

	if (cw == NULL)
		return;
	OBJ_CHECK(cw, CRASH_WATCH_MAGIC);
	ss.ss_sp = cw->stacks[index < cw->n_stacks ? index : cw->n_stacks - 1];
	(void)sigaltstack(&ss, NULL);
}

void
crash_watch_free(struct crash_watch **cwp)
{
	stack_t none = { .ss_flags = SS_DISABLE };
	struct crash_watch *cw;

	if (*cwp == NULL)
		return;
	OBJ_TAKE(cw, cwp, CRASH_WATCH_MAGIC);
	for (size_t i = 0; i < N_SIGNALS; i++)
		by_default(signals[i].number);
	(void)sigaltstack(&none, NULL);
	atomic_store(&told, NULL);
	OBJ_FREE(cw);
}
