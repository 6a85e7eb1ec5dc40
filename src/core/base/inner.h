/* SPDX-License-Identifier: MIT */
/*
 * base/inner.h - ROTOR_INNER marks what librotor exports to the `rotor` executable
 * and to nobody else: it stands under ROTOR_PRIVATE in librotor.map and may change
 * with every release.
 */
#ifndef ROTOR_BASE_INNER_H
#define ROTOR_BASE_INNER_H

#define ROTOR_INNER	__attribute__((visibility("default")))

#endif
