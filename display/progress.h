/*
 * Progress of something that takes longer than a second, as a bundle to show
 * once and update in place.  The finished state is one plain line that still
 * reads well when the notebook is opened again.
 *
 * Pure: the caller says how much time went by and throttles
 * (PROGRESS_MIN_MS between updates).
 */
#ifndef DISPLAY_PROGRESS_H
#define DISPLAY_PROGRESS_H

#include "display/bundle.h"

enum { PROGRESS_MIN_MS = 250 };

struct progress {
	const char *what; /* "importing creditcard.csv" */
	const char *unit; /* plural: "rows", "bytes"; bytes are shown as KB, MB */
	uint64_t done;
	uint64_t total;        /* 0 when unknown: no bar, only the count */
	uint64_t items;        /* what the bytes were made into, said first when item_unit is set */
	const char *item_unit; /* "rows"; may be NULL */
	uint64_t detail;       /* second count, shown when detail_unit is set */
	const char *detail_unit; /* plural: "bad records"; may be NULL */
	int64_t elapsed_ms;
	bool finished; /* one line, no bar */
	bool failed;   /* stopped before the end: no bar either */
};

int progress_render(const struct progress *p, struct bundle *b, struct err *err) _must_check_;

#endif
