/*
 * Jupyter messages on the wire (messaging specification 5.5, "The Wire
 * Protocol"): `[ident…] <IDS|MSG> signature header parent metadata content
 * [buffer…]`.  Used for both roles, the kernel's towards the front end and the
 * client's towards the child.
 *
 * Receiving: the signature is compared over the raw frames, then replays are
 * refused, only then is the header parsed.  A message keeps its frames; all
 * its slices point into them, so relaying copies nothing.
 *
 * Sending: the four JSON frames are given as text and signed as they are.
 */
#ifndef PROTOCOL_JUPYTER_WIRE_H
#define PROTOCOL_JUPYTER_WIRE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <zmq.h>

struct slice {
	const char *p; /* not NUL-terminated */
	size_t n;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
struct slice slice_of(const char *text);
bool slice_eq(struct slice s, const char *text);

/* Signs and checks with one key, and remembers what it has seen.  One thread. */
struct jupyter_signer;

/* An empty key turns signing off.  The user name stands in the headers written here. */
int jupyter_signer_new(const char *key, const char *username, struct jupyter_signer **ret,
		       struct err *err) _must_check_;
void jupyter_signer_free(struct jupyter_signer *s);
CLEANUP_DEFINE(struct jupyter_signer *, jupyter_signer_free)
/* The session id in headers written here; borrowed. */
const char *jupyter_signer_session(const struct jupyter_signer *s);

struct jupyter_msg {
	zmq_msg_t *frames; /* owned, all frames as received */
	size_t n_frames;
	size_t n_idents; /* frames before the delimiter: routing identities or a topic */
	struct slice header, parent, metadata, content; /* JSON text within the frames */
	size_t first_buffer;               /* index of the first buffer; n_frames: none */
	char *msg_id, *msg_type, *session; /* owned; decoded from the header */
	char *subshell_id;                 /* owned; NULL for the parent shell */
	char *parent_id;                   /* owned; msg_id of the parent header, or NULL */
};

void jupyter_msg_release(struct jupyter_msg *m);
/* Free all but what an answer needs: identities and header. */
void jupyter_msg_shrink(struct jupyter_msg *m);

/*
 * Receive one message without waiting.  1 and *ret when there was one, 0 when
 * there was none; E_PROTO for a message to drop (the text says why; *ret is
 * untouched); E_IO when the socket failed.
 */
int jupyter_recv(void *socket, struct jupyter_signer *s, struct jupyter_msg *ret,
		 struct err *err) _must_check_;

/* Decode frames that were received elsewhere.  Takes the frames, also when it fails. */
int jupyter_decode(zmq_msg_t *frames, size_t n, struct jupyter_signer *s, struct jupyter_msg *ret,
		   struct err *err) _must_check_;

/* All frames of one multipart message, without waiting: 1, 0 or E_IO; E_TOOBIG drops it. */
int jupyter_recv_frames(void *socket, zmq_msg_t **ret, size_t *ret_n, struct err *err) _must_check_;
void jupyter_free_frames(zmq_msg_t *frames, size_t n);

struct jupyter_out {
	const zmq_msg_t *idents; /* borrowed; copied by reference */
	size_t n_idents;
	struct slice topic; /* sent before the delimiter when there are no idents; n 0: none */
	const char *msg_type;
	const char *msg_id;      /* NULL: a new one */
	const char *subshell_id; /* of a request; NULL: the parent shell */
	struct slice parent;     /* raw header of the cause; empty: {} */
	struct slice metadata;
	struct slice content;
	const zmq_msg_t *buffers; /* borrowed; copied by reference */
	size_t n_buffers;
};

/* Never waits: E_IO (EAGAIN) when the peer's queue is full, E_NOTFOUND when it is gone. */
int jupyter_send(void *socket, struct jupyter_signer *s, const struct jupyter_out *out,
		 struct err *err) _must_check_;

enum { JUPYTER_ID_SIZE = 64 };
/* A new unique message id: the session and a counter. */
void jupyter_new_id(struct jupyter_signer *s, char dst[JUPYTER_ID_SIZE]);

#define JUPYTER_PROTOCOL_VERSION "5.5"

#endif
