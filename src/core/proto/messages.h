/* SPDX-License-Identifier: MIT */
/*
 * proto/messages.h - the generated structs of proto/client.proto (Cp__Command,
 * CP__COMMAND__INIT, cp__command__descriptor) and proto/api.proto (Ap__...).
 */
#ifndef ROTOR_PROTO_MESSAGES_H
#define ROTOR_PROTO_MESSAGES_H

#include "client.pb-c.h"
#include "api.pb-c.h"

#endif
