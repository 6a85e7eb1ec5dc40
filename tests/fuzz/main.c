/* SPDX-License-Identifier: MIT */
/*
 * main.c - runs a fuzz target over files, or, without arguments, over its corpus:
 * fuzz_NAME reads $srcdir/tests/fuzz/corpus/NAME.  Empty with libFuzzer, which brings its
 * own: see contrib/fuzz.
 */
#ifndef ROTOR_LIBFUZZER
#include "config.h"

#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX	(1u << 20)

static int
run_file(const char *path)
{
	uint8_t *buf = malloc(FILE_MAX), *exact = NULL;
	FILE *f = fopen(path, "rb");
	size_t len = 0;
	int ok = buf != NULL && f != NULL;

	if (ok) {
		len = fread(buf, 1, FILE_MAX, f);
		ok = !ferror(f);
	}
	/* The last byte is the last of the allocation, for sanitizers. */
	if (ok)
		exact = realloc(buf, len > 0 ? len : 1);
	if (exact != NULL)
		LLVMFuzzerTestOneInput(exact, len);
	else
		perror(path);
	free(exact != NULL ? exact : buf);
	if (f != NULL)
		fclose(f);
	return exact != NULL ? 0 : -1;
}

static int
run_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char *file;
	int n = 0, failed = 0;

	if (dir == NULL) {
		perror(path);
		return -1;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&file, "%s/%s", path, entry->d_name) < 0)
			abort();
		failed |= run_file(file) != 0;
		free(file);
		n++;
	}
	closedir(dir);
	printf("%s: %d files\n", path, n);
	return n > 0 && !failed ? 0 : -1;
}

/* What follows "fuzz_" in the program's name. */
static const char *
target_name(const char *argv0)
{
	const char *last = strstr(argv0, "fuzz_"), *next;

	while (last != NULL && (next = strstr(last + 1, "fuzz_")) != NULL)
		last = next;
	return last != NULL ? last + 5 : argv0;
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	char *path;
	int i, failed = 0;

	for (i = 1; i < argc; i++)
		failed |= run_file(argv[i]) != 0;
	if (argc == 1) {
		if (asprintf(&path, "%s/tests/fuzz/corpus/%s", srcdir != NULL ? srcdir : ".",
		    target_name(argv[0])) < 0)
			abort();
		failed = run_directory(path) != 0;
		free(path);
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
