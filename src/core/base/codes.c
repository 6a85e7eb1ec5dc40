/* SPDX-License-Identifier: MIT */
/* base/codes.c - the texts of the protocol's codes. */
#include "config.h"

#include <rotor/codes.h>

#include "base/codes.h"
#include "tbl/codes.h"

struct code_row {
	uint32_t	code;
	const char	*text;
};

#define ROW(code, text, ...)	{ code, text },

static const struct code_row errors[] = { ERROR_CODES(ROW) };
static const struct code_row disconnects[] = { DISCONNECT_CODES(ROW) };
static const struct code_row unsubscribes[] = { UNSUBSCRIBE_CODES(ROW) };

static const char *
text_of(const struct code_row *rows, size_t n, uint32_t code)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rows[i].code == code)
			return rows[i].text;
	return "";
}

#define TEXT_OF(rows, code)	text_of((rows), sizeof(rows) / sizeof(rows)[0], (code))

const char *
rotor_error_text(uint32_t code)
{
	return TEXT_OF(errors, code);
}

const char *
rotor_disconnect_text(uint32_t code)
{
	return TEXT_OF(disconnects, code);
}

const char *
rotor_unsubscribe_text(uint32_t code)
{
	return TEXT_OF(unsubscribes, code);
}

int
error_is_temporary(uint32_t code)
{
	switch (code) {
#define TEMPORARY(cd, text, temporary)	case cd: return temporary;
	ERROR_CODES(TEMPORARY)
#undef TEMPORARY
	default:
		return 0;	/* a code of the application's own */
	}
}
