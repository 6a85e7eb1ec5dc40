/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/api_grpc.h - what the files of the module share.
 *
 * Threads.  One thread of the module, the queue's, does all that concerns the library:
 * it takes calls, looks after streams, sends answers.  A call of the API goes from there
 * to a worker and comes back through the library's queue.  Nothing is locked; a call
 * belongs to one thread at a time, and rotor_worker_post() and the queue hand it over.
 */
#ifndef API_GRPC_H
#define API_GRPC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <grpc/grpc.h>
#include <rotor/abi.h>

struct rotor_api_caller;
struct rotor_api_method;
struct rotor_check;
struct rotor_instance;
struct rotor_log;
struct rotor_option_table;
struct rotor_server;

struct api_grpc_conf {
	int32_t		enabled;
	const char	*error_mode;
	const char	*address;
	int64_t		port;
	const char	*key;
	int32_t		insecure;
	struct api_grpc_tls {
		int32_t		enabled;
		const char	*cert_pem, *key_pem, *client_ca_pem;
		const char	*server_ca_pem, *server_name;	/* of clients: not used here */
		int32_t		insecure_skip_verify;		/* likewise */
	}		tls;
	int32_t		reflection;
	int64_t		max_receive_message_size;
	int64_t		max_concurrent_calls;
	int64_t		max_buffered;
	int64_t		keepalive_time_ms, keepalive_timeout_ms, keepalive_min_time_ms;
};

extern const struct rotor_option_table api_grpc_options;

struct call;
struct lane;
struct method;

struct call_list {
	struct call	*first, *last;
	uint32_t	n;
};

/* The module in one server. */
struct api_grpc {
	uint32_t			magic;
#define API_GRPC_MAGIC			0x6b90c7e1u
	const struct api_grpc_conf	*conf;
	struct rotor_log		*log;
	struct rotor_server		*srv;
	grpc_server			*server;	/* NULL: never started */
	grpc_completion_queue		*queue;
	grpc_channel			*bell_channel;	/* goes nowhere */
	grpc_call			*bell;		/* of it, to wake the thread */
	struct method			*methods;
	size_t				n_methods;
	pthread_t			thread;
	int				has_thread;
	atomic_int			stopping;
	/* The rest is the queue's thread's, once it runs. */
	uint32_t			n_calls;	/* that exist, those waited for included */
	uint32_t			n_running;	/* calls that have come and not ended */
	struct lane			*lanes;		/* one a worker */
	uint32_t			n_lanes, turn;	/* whose calls come next */
	uint32_t			turn_calls;	/* that it has had in this turn */
	struct call_list		gathered;	/* for a worker */
	struct call			*streams;	/* open ones */
};

/*
 * server.c
 */

/* Opens the listener and starts the thread.  Control thread.  0 or -errno, logged. */
int server_start(struct api_grpc *g);
/* Takes no more calls; those there are end by themselves.  Does not wait. */
void server_stop(struct api_grpc *g);
/* Waits for the thread and frees all that server_start() made. */
void server_free(struct api_grpc *g);

/*
 * queue.c
 */

/* Does what the library's queue brings, until the server has stopped.  On the thread. */
void queue_run(struct api_grpc *g);
/* Makes it look at `stopping`.  Any thread. */
void queue_wake(struct api_grpc *g);

/*
 * lane.c
 */

/* Room for the calls of each worker.  0 or -ENOMEM. */
int lanes_make(struct api_grpc *g);
void lanes_free(struct api_grpc *g);
/* Adds a call to those that go to a worker together.  Queue's thread. */
void lanes_gather(struct call *c);
/* Gives those that are gathered, one at least, to a worker.  Queue's thread. */
void lanes_send(struct api_grpc *g);
/* The call is done on its worker, whose thread this is: its `end` follows. */
void lane_return(struct call *c);

/*
 * methods.c
 */

/* The table of methods, theirs and ours.  0 or -ENOMEM. */
int methods_make(struct api_grpc *g);
/* Tells the library of them, before it starts, and waits for calls, after.  0 or -errno. */
int methods_register(struct api_grpc *g);
int methods_await(struct api_grpc *g);
void methods_free(struct api_grpc *g);
/* 1 when there are methods of the service ("package.Service"). */
int methods_have_service(const struct api_grpc *g, struct rotor_str service);

/*
 * listen.c
 */

#define LISTEN_ADDRESS_LEN	1040

/* The configured address in numbers, as the library takes it, if one can listen there.
 * 0 or -errno, logged. */
int listen_address(struct api_grpc *g, char *buf, size_t cap);
/* Listens.  0 or -errno, logged. */
int listen_on(struct api_grpc *g, const char *address);

/*
 * tls.c
 */

/* Are the certificate and key usable, and one for the other? */
void tls_check(struct rotor_check *chk, const struct api_grpc_tls *tls);
/* The credentials of the listener, to be released; NULL: refused by the library. */
grpc_server_credentials *tls_credentials(const struct api_grpc_tls *tls);

/*
 * auth.c
 */

/* Who calls, by the key in the metadata; NULL: nobody who may. */
const struct rotor_api_caller *auth_caller(const struct api_grpc *g, const grpc_metadata_array *md);
/* The first value of a metadata key (lower case), or an empty slice; lent. */
struct rotor_str metadata_get(const grpc_metadata_array *md, const char *key);

/*
 * status.c
 */

struct rotor_api_response;

/* The status of an error of the API. */
grpc_status_code status_of_error(uint32_t code);
/* Value of grpc-status-details-bin for such an error; the caller's to unref. */
grpc_slice status_details(grpc_status_code code, const struct rotor_api_response *res);

#endif
