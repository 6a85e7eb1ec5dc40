/* SPDX-License-Identifier: MIT */
/*
 * module/loader_priv.h - what the files of the loader share.
 *
 *	image	a .so that is open and has passed the checks of the ABI
 *	pick	a module that the configuration asks for (or a picked one needs)
 *	instance  an image with options and a context: a module in this server
 *	registry  what the instances have registered
 */
#ifndef ROTOR_MODULE_LOADER_PRIV_H
#define ROTOR_MODULE_LOADER_PRIV_H

#include <errno.h>

#include "base/obj.h"
#include "module/loader.h"

/* Size of a struct up to and with `last`, the last member its first release had. */
#define SIZE_TO(type, last)	(offsetof(type, last) + sizeof(((type *)0)->last))

#define WHY_LEN		1024	/* room for a refusal */

/* image.c */
struct image {
	char			*file;
	void			*dl;
	int			has_address;	/* in module_of_address() */
	struct rotor_module	mod;	/* a copy; its optional texts are "", not NULL */
};

/* Opens and checks `file`.  0, or -EINVAL with the reason in `why` (WHY_LEN bytes), or
 * -ENOMEM with the same. */
int image_open(struct image *im, const char *file, char *why);
void image_close(struct image *im);
/* 1 when `name` is made of a-z, 0-9 and _, and is not empty. */
int module_name_valid(struct rotor_str name);
/* "/x/greet.so" -> "greet". */
struct rotor_str module_file_name(const char *file);
/* Copies the struct that begins with its size from a module: what both sides know, the
 * rest zero.  0, or -EINVAL when it is smaller than `min`. */
int table_copy(void *to, size_t to_size, const void *from, size_t min);
/* The next name of a space-separated list, or an empty slice. */
struct rotor_str word_next(const char **p);

/* select.c */
struct pick {
	char		*name;
	char		*file;
	char		*key;		/* of the configuration, that asks for it */
	uint32_t	state;		/* PICK_* */
	uint32_t	optional;	/* of the default set: left out when not installed */
	uint32_t	needed;		/* nobody asked but a module that needs it */
};

#define PICK_NEW	0u
#define PICK_OPENING	1u	/* the modules it needs are being opened */
#define PICK_OPEN	2u
#define PICK_REFUSED	3u	/* and the reason has been given */

struct selection {
	struct pick	**v;
	size_t		n;
};

/* 0, -EINVAL (problems in `c`) or -ENOMEM; `s` is to be freed in any case. */
int selection_make(struct selection *s, const char *dir, struct conf *c);
void selection_fini(struct selection *s);
struct pick *selection_find(const struct selection *s, struct rotor_str name);
/* Appends; `file` NULL: the one in `dir`.  NULL: no memory. */
struct pick *selection_add(struct selection *s, const char *dir, struct rotor_str name,
    const char *file, const char *key);

/* Calls fn for each module of the default set that `s` leaves out although the
 * section it takes its options from is set.  `on`: the section switches it on. */
typedef int selection_left_f(void *priv, const char *module, const char *section, int on);
int selection_left_out(const struct selection *s, const struct conf *c, selection_left_f *fn, void *priv);

/* instance.c */
struct rotor_instance {
	uint32_t		magic;
#define INSTANCE_MAGIC		0x6d0f3ae1u
	uint32_t		state;		/* INSTANCE_*; control thread */
	struct loader		*loader;
	struct image		image;
	void			*conf;		/* what the option table fills, or NULL */
	void			*ctx;		/* the module's */
};

#define INSTANCE_OPEN		0u
#define INSTANCE_LOADING	1u	/* inside load(): may register */
#define INSTANCE_LOADED		2u
#define INSTANCE_STARTED	3u

/* NULL with the reason in `why`. */
struct rotor_instance *instance_new(struct loader *l, const char *file, char *why);
void instance_free(struct rotor_instance **instp);
/* A zeroed struct filled by `t`.  0, -EINVAL (problems in `c`) or -ENOMEM; NULL and 0
 * without a table. */
int options_make(struct conf *c, const struct rotor_option_table *t, void **ret);
/* What a module answered as 0 or -errno: values above 0 mean nothing from these. */
static inline int
instance_answer(int rc)
{
	return rc > 0 ? -EPROTO : rc;
}

/* Writes a line about one module; rc: 0 or the -errno to explain it with. */
void instance_log(const struct rotor_instance *inst, uint32_t level, const char *msg, int rc);

/* registry.c */
struct provided {
	uint32_t			kind;	/* PROVIDED_* */
	const struct rotor_instance	*inst;
	char				*name;	/* of an engine or command, path of a route, or "" */
	void				*ctx;
	union {
		struct rotor_broker	broker;
		struct rotor_presence	presence;
		struct rotor_auth	auth;
		struct rotor_command	command;
		struct rotor_http_route	route;
	} table;
	struct rotor_ws_handler		ws;	/* of a route */
};

#define PROVIDED_BROKER		0u
#define PROVIDED_PRESENCE	1u
#define PROVIDED_AUTH		2u
#define PROVIDED_COMMAND	3u
#define PROVIDED_ROUTE		4u

struct registry {
	struct provided	**v;		/* in registration order */
	size_t		n;
};

/* Forgets all that `inst` has registered. */
void registry_drop(struct registry *r, const struct rotor_instance *inst);

/* loader.c */
struct loader {
	uint32_t		magic;
#define LOADER_MAGIC		0x91c24b07u
	uint32_t		opened;		/* the selection has been opened and configured */
	struct rotor_log	*log;		/* may be NULL */
	struct rotor_server	*srv;
	char			*dir;
	struct selection	selection;
	struct rotor_instance	**inst;		/* in load order */
	size_t			n_inst;
	struct image		**tables;	/* open for their option tables only */
	size_t			n_tables;
	struct registry		registry;
};

/* `v` (an array of n pointers) with `p` appended.  0 or -ENOMEM. */
int ptrs_push(void *vp, size_t *n, void *p);

/* open.c */
/* Frees the instances and makes the selection as new. */
void loader_close(struct loader *l);
/* Applies `c` to the option tables of modules that `s` leaves out.  0 or -errno. */
int loader_left_out(struct loader *l, const struct selection *s, struct conf *c);
/* An installed module opened for its option table alone, until loader_free().  NULL:
 * it cannot be opened. */
const struct image *table_image(struct loader *l, const char *file);

#endif
