/*
 * DDM objects: length, code point, data; what a DSS carries.  Objects are
 * written as blocks that are opened and closed, so no length is computed by
 * hand; one that outgrows 32767 bytes gets DDM's extended length when it is
 * closed.  Objects are read either one by one from a dss_reader, or, within
 * an object that is a group, from a struct rd.
 */
#ifndef DRDA_DDM_H
#define DRDA_DDM_H

#include "protocol/drda/codepoint.h"
#include "protocol/drda/dss.h"

void ddm_open(struct dss_writer *w, enum codepoint cp);
void ddm_close(struct dss_writer *w);

/* Whole objects with one value. */
void ddm_put_u8(struct dss_writer *w, enum codepoint cp, unsigned v);
void ddm_put_be16(struct dss_writer *w, enum codepoint cp, unsigned v);
void ddm_put_be32(struct dss_writer *w, enum codepoint cp, uint32_t v);
void ddm_put_bytes(struct dss_writer *w, enum codepoint cp, const void *p, size_t n);

struct ddm {
	unsigned cp;
	struct rd body;
};

/*
 * The next object of a group: true and *ret, or false at its end.  A length
 * that does not fit sets r->short_, which rd_check tells.
 */
bool ddm_read(struct rd *r, struct ddm *ret);

/* An object within a DSS whose data has not been read. */
struct ddm_head {
	unsigned cp;
	uint16_t id;   /* correlation id: the command that is answered */
	bool streamed; /* runs to the end of the DSS, `length` is 0 */
	uint64_t length;
};

/* 1 and *ret (`id` is not set), 0 when the DSS holds no more, or E_PROTO. */
int ddm_next(struct dss_reader *r, struct ddm_head *ret, struct err *err) _must_check_;
/* The data as a whole; valid until the reader is used again. */
int ddm_body(struct dss_reader *r, struct rd *ret, struct err *err) _must_check_;
/* Append the data to dst, at most `keep` bytes of it; *ret_total is its true length. */
int ddm_append(struct dss_reader *r, struct buf *dst, uint64_t keep, uint64_t *ret_total,
	       struct err *err) _must_check_;
/* Drop what is left of the data. */
int ddm_skip(struct dss_reader *r, struct err *err) _must_check_;

#endif
