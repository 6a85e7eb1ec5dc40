/* SPDX-License-Identifier: MIT */
/* http_date.c - see http_date.h. */
#include "config.h"

#include "http_date.h"

#include <stdio.h>

void
http_date_write(char dst[HTTP_DATE_LEN + 1], time_t t)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm = { .tm_mday = 1 };
	char text[96];

	(void)gmtime_r(&t, &tm);
	/* Four digits are all that a year has here. */
	(void)snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec);
	(void)snprintf(dst, HTTP_DATE_LEN + 1, "%.*s", (int)HTTP_DATE_LEN, text);
}
