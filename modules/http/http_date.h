/* SPDX-License-Identifier: MIT */
/* http_date.h - the time as answers tell it (RFC 9110 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include <time.h>

#define HTTP_DATE_LEN	29u

/* Writes HTTP_DATE_LEN bytes and a NUL, whatever the locale is. */
void http_date_write(char dst[HTTP_DATE_LEN + 1], time_t t);

#endif
