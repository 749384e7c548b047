/*
 * The data stream structure (DSS), DRDA's frame: a six-byte header (length,
 * 0xD0, type and link, correlation id) and a payload of DDM objects (ddm.h).
 * A payload that does not fit 32767 bytes goes on in segments with two-byte
 * headers of their own (layer B), which may cut it anywhere; neither side of
 * this module ever shows them.
 *
 * The writer builds one chain: each DSS that is opened links the one before
 * it, and lengths are filled in when a block is closed.  The reader pulls
 * bytes through a callback, so it knows nothing of sockets; what does not fit
 * is E_PROTO with a text that names what was expected.
 */
#ifndef DRDA_DSS_H
#define DRDA_DSS_H

#include "base/buf.h"

enum { DSS_HEADER = 6, DSS_SEGMENT_MAX = 32767, DSS_ID_MAX = 65000, DDM_DEPTH_MAX = 6 };

enum dss_type { DSS_REQUEST = 1, DSS_REPLY = 2, DSS_OBJECT = 3 };

struct dss_writer {
	struct buf buf;              /* the chain so far */
	size_t start;                /* where the last DSS begins */
	bool any;                    /* there is a DSS at `start` */
	bool open;                   /* it has not been closed */
	uint16_t id;                 /* its correlation id */
	unsigned depth;              /* DDM blocks open in it */
	size_t block[DDM_DEPTH_MAX]; /* where they begin */
};

void dss_writer_init(struct dss_writer *w, size_t max);
void dss_writer_release(struct dss_writer *w);
/* Forget the chain; ids start at 1 again. */
void dss_writer_clear(struct dss_writer *w);

/* Open a DSS with the next id, closing the one before; returns its id. */
unsigned dss_request(struct dss_writer *w);
/* Open an object DSS with the id of the command that it belongs to. */
void dss_object(struct dss_writer *w);
/* Open any DSS: for servers. */
void dss_open(struct dss_writer *w, enum dss_type type, unsigned id);
/* Close the last DSS.  0 when the chain is whole, else why not (buf_check). */
int dss_finish(struct dss_writer *w, struct err *err) _must_check_;

/* Append at least one byte to `in`, or fail. */
typedef int dss_read_fn(void *userdata, struct buf *in, struct err *err);

struct dss_head {
	enum dss_type type;
	bool chained; /* another DSS follows in this chain */
	uint16_t id;
};

struct dss_reader {
	dss_read_fn *read;
	void *userdata;
	struct buf in;     /* bytes as they came */
	size_t at;         /* the first one not taken yet */
	size_t left;       /* payload left in this segment */
	bool more;         /* a further segment follows it */
	uint64_t ddm_left; /* data left of the current DDM object, if not `streamed` */
	bool streamed;     /* the object ends where the DSS ends */
	struct buf joined; /* an object that was cut by segments */
};

/* `max` caps one joined object and what may wait unread. */
void dss_reader_init(struct dss_reader *r, size_t max, dss_read_fn *read, void *userdata);
void dss_reader_release(struct dss_reader *r);

/* The next DSS's header; the payload of the one before must have been taken. */
int dss_next(struct dss_reader *r, struct dss_head *ret, struct err *err) _must_check_;
/* Payload is left in this DSS. */
bool dss_has_payload(const struct dss_reader *r);
/* Take n bytes of payload; dst NULL drops them.  E_PROTO when the DSS has fewer. */
int dss_take(struct dss_reader *r, uint8_t *dst, size_t n, struct err *err) _must_check_;
/* The next n bytes of payload where they lie, or NULL when segments cut them. */
int dss_peek(struct dss_reader *r, size_t n, const uint8_t **ret, struct err *err) _must_check_;

#endif
