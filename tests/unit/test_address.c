/* SPDX-License-Identifier: MIT */
/* tests/unit/test_address.c - whose code an address lies in. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <stdlib.h>

#include <cmocka.h>

#include "module/address.h"

static const char *
name_at(void *dl, const char *symbol, ptrdiff_t plus)
{
	char *p = dlsym(dl, symbol);

	assert_non_null(p);
	return module_of_address(p + plus);
}

/* Some library stands for a module. */
static void
code_of_a_module(void **state)
{
	void *dl = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);

	(void)state;
	assert_non_null(dl);
	assert_null(name_at(dl, "frexp", 0));
	module_address_add(dl, "greet");
	assert_string_equal(name_at(dl, "frexp", 0), "greet");
	assert_string_equal(name_at(dl, "frexp", 3), "greet");
	assert_string_equal(name_at(dl, "ldexp", 0), "greet");
	assert_string_equal(name_at(dl, "signgam", 0), "greet");	/* data */
	assert_null(module_of_address((void *)(uintptr_t)code_of_a_module));
	assert_null(module_of_address((void *)(uintptr_t)malloc));
	assert_null(module_of_address(&dl));
	assert_null(module_of_address(NULL));
	assert_null(module_of_address((void *)UINTPTR_MAX));
	module_address_drop(dl);
	assert_null(name_at(dl, "frexp", 0));
	assert_int_equal(dlclose(dl), 0);
}

/* As the same module in two servers is. */
static void
open_twice(void **state)
{
	void *dl = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);

	(void)state;
	assert_non_null(dl);
	module_address_add(dl, "greet");
	module_address_add(dl, "greet");
	module_address_drop(dl);
	assert_string_equal(name_at(dl, "frexp", 0), "greet");
	module_address_drop(dl);
	assert_null(name_at(dl, "frexp", 0));
	module_address_drop(dl);	/* once too often: nothing */
	module_address_add(dl, "other");
	assert_string_equal(name_at(dl, "frexp", 0), "other");
	module_address_drop(dl);
	assert_int_equal(dlclose(dl), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_of_a_module),
		cmocka_unit_test(open_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
