/*
 * Tracking operations as cells ask for them, whichever language they are
 * written in: the tracking server is started first if need be, with notices
 * of what takes time (tracking itself would start it without a word).
 */
#ifndef NOTEBOOK_TRACK_H
#define NOTEBOOK_TRACK_H

#include "base/json.h"
#include "notebook/notebook.h"
#include "notebook/services.h"

/*
 * tracking_call (tracking/tracking.h) with a voice.  Operations that go to
 * the journal alone, or come from memory, wait for no server.  Any thread.
 */
int notebook_track(struct notebook *nb, const char *op, const json_t *args, struct cancel *cancel,
		   services_notice_fn *notice, void *userdata, json_t **ret,
		   struct err *err) _must_check_;

#endif
