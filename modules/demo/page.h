/* SPDX-License-Identifier: MIT */
/* page.h - the demo page, line by line, NULL at the end; made from page.html. */
#ifndef DEMO_PAGE_H
#define DEMO_PAGE_H

extern const char *const demo_page[];

#endif
