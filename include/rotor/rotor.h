/* SPDX-License-Identifier: MIT */
/* rotor/rotor.h - all public headers at once. */
#ifndef ROTOR_ROTOR_H
#define ROTOR_ROTOR_H

#include <rotor/abi.h>
#include <rotor/api.h>
#include <rotor/auth.h>
#include <rotor/buf.h>
#include <rotor/check.h>
#include <rotor/codes.h>
#include <rotor/command.h>
#include <rotor/engine.h>
#include <rotor/http.h>
#include <rotor/log.h>
#include <rotor/loop.h>
#include <rotor/metrics.h>
#include <rotor/module.h>
#include <rotor/option.h>
#include <rotor/publication.h>
#include <rotor/regex.h>
#include <rotor/str.h>
#include <rotor/transport.h>

#endif
