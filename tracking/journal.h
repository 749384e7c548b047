/*
 * The journal: what was logged and is not yet known to be on the server, one
 * append-only file per kernel.
 *
 * The file starts with the line "splice-journal 1\n"; records follow
 * (tracking/journal-record.h), each a JSON object.  A record {"ack": n} says that everything
 * before byte n has been dealt with; acks are the journal's own and never
 * returned.  The first record of a file is its head, which the owner reads
 * when adopting.
 *
 * A file belongs to the process that holds its flock.  A file that nobody
 * holds belonged to a process that died and may be adopted.
 *
 * A record whose checksum does not match is left out and counted, with what
 * follows it up to the next sound one; adopting keeps a copy of such a file
 * beside it (…damaged).  A tail that was cut in the middle of a record was
 * never promised to anybody and is dropped.
 *
 * Locks itself: one thread may append while another reads and acknowledges.
 */
#ifndef TRACKING_JOURNAL_H
#define TRACKING_JOURNAL_H

#include "base/cleanup.h"
#include "base/json.h"

#include <stdint.h>

struct journal;

/* A new file in dir (made if need be), held, with `head` as its first record. */
int journal_create(const char *dir, const json_t *head, struct journal **ret,
		   struct err *err) _must_check_;
/* E_EXISTS when a living process holds it, E_NOTFOUND when it is gone, E_INPUT when it is none. */
int journal_adopt(const char *path, struct journal **ret, struct err *err) _must_check_;
/* Lets go of the file and leaves it there. */
void journal_free(struct journal *j);
CLEANUP_DEFINE(struct journal *, journal_free)
/* Removes the file and frees j. */
void journal_remove(struct journal *j);

const char *journal_path(const struct journal *j); /* borrowed */

/*
 * Append the objects of an array with one write(2): when this returns 0, they
 * outlive the process.  When the disk is full nothing of them stays.
 */
int journal_append(struct journal *j, const json_t *records, struct err *err) _must_check_;
/* Make what was appended outlive the machine. */
int journal_sync(struct journal *j, struct err *err) _must_check_;

/* Where reading starts: behind what was acknowledged. */
uint64_t journal_acked(const struct journal *j);
/*
 * The record at *offset (0: the first of all, the head) and, in *offset, where
 * the next one starts.  1 with a new reference in *ret, 0 at the end.
 */
int journal_next(struct journal *j, uint64_t *offset, json_t **ret, struct err *err) _must_check_;
/* Everything before offset is dealt with. */
int journal_ack(struct journal *j, uint64_t offset, struct err *err) _must_check_;

/* Bytes in the file. */
uint64_t journal_size(struct journal *j);
/* Damaged places behind what was acknowledged, met while adopting. */
unsigned journal_damaged(const struct journal *j);

#endif
