/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - a fuzz target: one function over arbitrary bytes, which must return.
 *
 * Link it with libFuzzer (clang -fsanitize=fuzzer, without main.c), or with main.c
 * to run it over files; `make check` does the latter with the corpus.
 */
#ifndef ROTOR_FUZZ_H
#define ROTOR_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
