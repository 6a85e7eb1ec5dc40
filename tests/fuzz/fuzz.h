/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - a fuzz target: one function over arbitrary bytes, which must return.
 *
 * `make check` runs it over its corpus, by main.c; contrib/fuzz runs it with libFuzzer.
 */
#ifndef ROTOR_FUZZ_H
#define ROTOR_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
