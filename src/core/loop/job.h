/* SPDX-License-Identifier: MIT */
/* loop/job.h - a worker's jobs; see <rotor/loop.h>. */
#ifndef ROTOR_LOOP_JOB_H
#define ROTOR_LOOP_JOB_H

struct rotor_worker;

void jobs_init(struct rotor_worker *w);
/* Calls the jobs in rotation, each for its share, until together they have had theirs. */
void jobs_run(struct rotor_worker *w);
/* Calls them until there is none, when nobody is left who could wait. */
void jobs_finish(struct rotor_worker *w);

#endif
