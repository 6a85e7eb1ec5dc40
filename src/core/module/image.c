/* SPDX-License-Identifier: MIT */
/*
 * module/image.c - opens a .so and decides whether it is a module for this server.
 *
 * The order of the checks matters: until major version, minor version and size
 * have been accepted, nothing is known about the rest of the struct.
 */
#include "config.h"

#include "module/loader_priv.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "module/address.h"

/* Leak reports of the sanitizers name functions only while the library is mapped. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define image_unmap(dl)	((void)(dl))
#else
#  define image_unmap(dl)	((void)dlclose(dl))
#endif

#define MODULE_SIZE_1_0		SIZE_TO(struct rotor_module, worker_stop)
#define TABLE_SIZE_1_0		SIZE_TO(struct rotor_option_table, struct_size)
#define ROW_SIZE_1_0		SIZE_TO(struct rotor_option, sub)

#define REFUSE(why, ...)	(snprintf((why), WHY_LEN, __VA_ARGS__), -EINVAL)

int
module_name_valid(struct rotor_str name)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_", name.p[i]) == NULL ||
		    name.p[i] == '\0')
			return 0;
	return name.len > 0;
}

struct rotor_str
module_file_name(const char *file)
{
	const char *slash = strrchr(file, '/');
	struct rotor_str s = rotor_str_of(slash != NULL ? slash + 1 : file);

	if (rotor_str_ends(s, ".so") && s.len > 3)
		s.len -= 3;
	return s;
}

int
table_copy(void *to, size_t to_size, const void *from, size_t min)
{
	size_t size;

	memcpy(&size, from, sizeof size);
	if (size < min)
		return -EINVAL;
	if (size > to_size)
		size = to_size;
	memset(to, 0, to_size);
	memcpy(to, from, size);
	memcpy(to, &size, sizeof size);
	return 0;
}

struct rotor_str
word_next(const char **p)
{
	struct rotor_str s;

	*p += strspn(*p, " ");
	s.p = *p;
	s.len = strcspn(*p, " ");
	*p += s.len;
	return s;
}

/* dlerror() without the file's name in front, which the caller says already. */
static const char *
dl_reason(const char *file)
{
	const char *e = dlerror();
	size_t len = strlen(file);

	if (e == NULL)
		return "unknown error";
	if (rotor_str_begins(rotor_str_of(e), file) && rotor_str_begins(rotor_str_of(e + len), ": "))
		return e + len + 2;
	return e;
}

static int
check_versions(const struct rotor_module *m, const char *file, char *why)
{
	if (m->abi_major != ROTOR_ABI_MAJOR)
		return REFUSE(why, "%s is built for major version %u of the module ABI, this "
		    "server (%s) has %u: install the module's build for this server, or rebuild it "
		    "with this server's headers", file, m->abi_major, rotor_version(), ROTOR_ABI_MAJOR);
	if (m->abi_minor > ROTOR_ABI_MINOR)
		return REFUSE(why, "%s needs module ABI %u.%u, this server (%s) has %u.%u: upgrade "
		    "the server, or install an older version of the module", file, m->abi_major,
		    m->abi_minor, rotor_version(), ROTOR_ABI_MAJOR, ROTOR_ABI_MINOR);
	if (m->size < MODULE_SIZE_1_0)
		return REFUSE(why, "%s has a rotor_module of %zu bytes for ABI %u.%u, this server's "
		    "ABI %u.%u has at least %zu: rebuild it with ROTOR_MODULE_DEFINE()", file, m->size,
		    m->abi_major, m->abi_minor, ROTOR_ABI_MAJOR, ROTOR_ABI_MINOR, MODULE_SIZE_1_0);
	return 0;
}

static void
copy_module(struct rotor_module *to, const struct rotor_module *from)
{
	const char **text[] = { &to->version, &to->summary, &to->provides, &to->needs };
	size_t i;

	memset(to, 0, sizeof *to);
	memcpy(to, from, from->size < sizeof *to ? from->size : sizeof *to);
	for (i = 0; i < sizeof text / sizeof text[0]; i++)
		if (*text[i] == NULL)
			*text[i] = "";
}

static int
check_name(const struct rotor_module *m, const char *file, char *why)
{
	if (m->name == NULL)
		return REFUSE(why, "%s has a rotor_module without a name: define it with "
		    "ROTOR_MODULE_DEFINE()", file);
	if (!module_name_valid(rotor_str_of(m->name)))
		return REFUSE(why, "%s has a name that is not made of a-z, 0-9 and _: correct its "
		    "ROTOR_MODULE_DEFINE()", file);
	if (!rotor_str_eq(rotor_str_of(m->name), module_file_name(file)))
		return REFUSE(why, "%s calls itself \"%s\": name the file %s.so", file, m->name, m->name);
	return 0;
}

static int
check_options(const struct rotor_module *m, const char *file, char *why)
{
	const struct rotor_option_table *t = m->options;

	if (t == NULL)
		return 0;
	if (t->size < TABLE_SIZE_1_0 || t->row_size < ROW_SIZE_1_0 || t->root == NULL)
		return REFUSE(why, "%s has an option table that ABI %u.%u cannot read: define it with "
		    "ROTOR_OPTION_TABLE()", file, ROTOR_ABI_MAJOR, ROTOR_ABI_MINOR);
	return 0;
}

static int
check_module(struct image *im, const char *file, char *why)
{
	const struct rotor_module *m = dlsym(im->dl, "rotor_module");
	int rc;

	if (m == NULL)
		return REFUSE(why, "%s is no module of Rotor: it exports no rotor_module; take it out "
		    "of the module directory, or define one with ROTOR_MODULE_DEFINE()", file);
	if ((rc = check_versions(m, file, why)) != 0)
		return rc;
	copy_module(&im->mod, m);
	if ((rc = check_name(&im->mod, file, why)) != 0)
		return rc;
	return check_options(&im->mod, file, why);
}

int
image_open(struct image *im, const char *file, char *why)
{
	int rc;

	memset(im, 0, sizeof *im);
	/* A name without a slash would be searched for in LD_LIBRARY_PATH. */
	ASSERT(strchr(file, '/') != NULL);
	im->file = strdup(file);
	if (im->file == NULL) {
		snprintf(why, WHY_LEN, "%s: out of memory", file);
		return -ENOMEM;
	}
	im->dl = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (im->dl == NULL)
		rc = REFUSE(why, "%s cannot be opened: %s; install what it needs, or rebuild it for "
		    "this server (%s, module ABI %u.%u)", file, dl_reason(file), rotor_version(),
		    ROTOR_ABI_MAJOR, ROTOR_ABI_MINOR);
	else
		rc = check_module(im, file, why);
	if (rc != 0) {
		image_close(im);
		return rc;
	}
	module_address_add(im->dl, im->mod.name);
	im->has_address = 1;
	return 0;
}

void
image_close(struct image *im)
{
	if (im->has_address)
		module_address_drop(im->dl);
	if (im->dl != NULL)
		image_unmap(im->dl);
	free(im->file);
	memset(im, 0, sizeof *im);
}
