/*
 * The iopub socket: publishes to every subscribed client, welcomes new ones
 * (messaging, "Welcome message"), and drops a client that stopped reading.
 *
 * Nothing is lost for a client that reads: queues are not bounded by a number
 * of messages.  A client that took no byte for IOPUB_STALL_MS while more than
 * IOPUB_STALL_BYTES were published to it is disconnected and logged; the
 * others do not notice.  I/O thread only.
 */
#ifndef KERNEL_IOPUB_H
#define KERNEL_IOPUB_H

#include "base/json.h"
#include "base/log.h"
#include "protocol/jupyter/wire.h"

#define IOPUB_STALL_MS 10000
#define IOPUB_STALL_BYTES ((uint64_t)64 << 20)

struct iopub;

/* Binds to endpoint.  `signer` is borrowed. */
int iopub_new(void *zmq_ctx, const char *endpoint, struct jupyter_signer *signer,
	      const struct log *log, struct iopub **ret, struct err *err) _must_check_;
void iopub_free(struct iopub *p);
CLEANUP_DEFINE(struct iopub *, iopub_free)

/* The sockets to poll for reading. */
void *iopub_socket(const struct iopub *p);
void *iopub_monitor(const struct iopub *p);
/* Handle what arrived on either. */
void iopub_read(struct iopub *p);
/* Look for clients that do not read; call about once a second. */
void iopub_check_stalled(struct iopub *p);

/* Publish; parent is a raw header (empty: {}).  A failure is logged, never returned: no
 * request fails because of who listens. */
void iopub_publish(struct iopub *p, const char *msg_type, struct slice parent,
		   struct slice content);
/* The same with metadata, buffers and a topic of the caller's. */
void iopub_publish_full(struct iopub *p, const struct jupyter_out *out);
/* Content is stolen; NULL (out of memory) is logged. */
void iopub_publish_json(struct iopub *p, const char *msg_type, struct slice parent,
			json_t *content);

#endif
