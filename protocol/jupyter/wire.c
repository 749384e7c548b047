/* Messages on the wire: frames, signatures, headers. */
#include "protocol/jupyter/wire.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/jupyter/replay.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>
#include <uuid/uuid.h>

enum { DIGEST_SIZE = 32, MAX_FRAMES = 1024 };

static const char delimiter[] = "<IDS|MSG>";

struct jupyter_signer {
	EVP_MAC_CTX *mac; /* keyed; NULL when signing is off */
	char session[UUID_STR_LEN];
	char *username;   /* as JSON text, quotes included */
	uint64_t counter; /* of message ids */
	struct replay replay;
};

struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

bool slice_eq(struct slice s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static int keyed_mac(const char *key, EVP_MAC_CTX **ret, struct err *err)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (!ctx || !EVP_MAC_init(ctx, (const unsigned char *)key, strlen(key), params)) {
		EVP_MAC_CTX_free(ctx);
		return err_set(err, E_UNSUPPORTED, "OpenSSL has no HMAC-SHA256");
	}
	*ret = ctx;
	return 0;
}

int jupyter_signer_new(const char *key, const char *username, struct jupyter_signer **ret,
		       struct err *err)
{
	_cleanup_(jupyter_signer_freep) struct jupyter_signer *s = calloc(1, sizeof(*s));
	json_auto_t *name = json_strz(username);
	uuid_t id;
	int r;

	if (!s || !name || !(s->username = json_text(name)))
		return err_nomem(err);
	uuid_generate_random(id);
	uuid_unparse_lower(id, s->session);
	r = *key ? keyed_mac(key, &s->mac, err) : 0;
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

void jupyter_signer_free(struct jupyter_signer *s)
{
	if (!s)
		return;
	EVP_MAC_CTX_free(s->mac);
	replay_release(&s->replay);
	free(s->username);
	free(s);
}

const char *jupyter_signer_session(const struct jupyter_signer *s)
{
	return s->session;
}

void jupyter_new_id(struct jupyter_signer *s, char dst[JUPYTER_ID_SIZE])
{
	snprintf(dst, JUPYTER_ID_SIZE, "%s_%llu", s->session, (unsigned long long)++s->counter);
}

static int sign(struct jupyter_signer *s, const struct slice parts[4], uint8_t digest[DIGEST_SIZE],
		struct err *err)
{
	size_t n = 0;
	/* A NULL key starts over with the key set before (EVP_MAC_init(3)). */
	bool ok = EVP_MAC_init(s->mac, NULL, 0, NULL);

	for (int i = 0; ok && i < 4; i++)
		ok = EVP_MAC_update(s->mac, (const unsigned char *)parts[i].p, parts[i].n);
	if (!ok || !EVP_MAC_final(s->mac, digest, &n, DIGEST_SIZE) || n != DIGEST_SIZE)
		return err_set(err, E_IO, "cannot compute a signature");
	return 0;
}

static struct slice frame_slice(const zmq_msg_t *frame)
{
	zmq_msg_t *f = (zmq_msg_t *)(uintptr_t)frame;

	return (struct slice){zmq_msg_data(f), zmq_msg_size(f)};
}

void jupyter_free_frames(zmq_msg_t *frames, size_t n)
{
	for (size_t i = 0; i < n; i++)
		zmq_msg_close(&frames[i]);
	free(frames);
}

void jupyter_msg_release(struct jupyter_msg *m)
{
	jupyter_free_frames(m->frames, m->n_frames);
	free(m->msg_id);
	free(m->msg_type);
	free(m->session);
	free(m->subshell_id);
	free(m->parent_id);
	*m = (struct jupyter_msg){0};
}

void jupyter_msg_shrink(struct jupyter_msg *m)
{
	for (size_t i = m->n_idents + 3; i < m->n_frames; i++) {
		zmq_msg_close(&m->frames[i]);
		zmq_msg_init(&m->frames[i]);
	}
	m->parent = m->metadata = m->content = (struct slice){0};
	m->first_buffer = m->n_frames;
}

static bool add_frame(zmq_msg_t **frames, size_t *n, zmq_msg_t *frame)
{
	/* Capacity is the next power of two: the array is full when n is one. */
	if ((*n & (*n - 1)) == 0) {
		zmq_msg_t *bigger = realloc(*frames, (*n ? *n * 2 : 1) * sizeof(**frames));

		if (!bigger)
			return false;
		*frames = bigger;
	}
	zmq_msg_init(&(*frames)[*n]);
	zmq_msg_move(&(*frames)[*n], frame);
	(*n)++;
	return true;
}

int jupyter_recv_frames(void *socket, zmq_msg_t **ret, size_t *ret_n, struct err *err)
{
	zmq_msg_t *frames = NULL;
	size_t n = 0, bytes = 0;
	bool keep = true, more = true;

	while (more) {
		zmq_msg_t frame;

		zmq_msg_init(&frame);
		if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0) {
			int reason = errno;

			zmq_msg_close(&frame);
			if (reason == EINTR)
				continue;
			jupyter_free_frames(frames, n);
			return reason == EAGAIN ? 0 : err_set_errno(err, E_IO, reason, "receive");
		}
		more = zmq_msg_more(&frame);
		bytes += zmq_msg_size(&frame);
		keep = keep && n < MAX_FRAMES && bytes <= LIMIT_JUPYTER_MESSAGE &&
		       add_frame(&frames, &n, &frame);
		zmq_msg_close(&frame);
	}
	if (!keep) {
		jupyter_free_frames(frames, n);
		return err_set(err, E_TOOBIG, "a message of more than %d frames or %zu MB",
			       MAX_FRAMES, LIMIT_JUPYTER_MESSAGE >> 20);
	}
	*ret = frames;
	*ret_n = n;
	return 1;
}

static int check_signature(struct jupyter_signer *s, const zmq_msg_t *frame,
			   const struct slice parts[4], struct err *err)
{
	struct slice given = frame_slice(frame);
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];
	uint64_t prefix;
	int r;

	if (!s->mac)
		return 0;
	r = sign(s, parts, digest, err);
	if (r < 0)
		return r;
	str_hex(hex, digest, sizeof(digest));
	if (given.n != 2 * DIGEST_SIZE || !mem_eq_secret(given.p, hex, given.n))
		return err_set(err, E_PROTO, "the signature is wrong");
	memcpy(&prefix, digest, sizeof(prefix));
	r = replay_add(&s->replay, prefix, err);
	if (r == 0)
		return err_set(err, E_PROTO, "a replay of an earlier message");
	return r < 0 ? r : 0;
}

static int dup_member(const json_t *j, const char *key, bool required, char **ret, struct err *err)
{
	const char *s = json_get_str(j, key, NULL);

	if (!s)
		return required ? err_set(err, E_PROTO, "its header has no %s", key) : 0;
	*ret = str_dup(s);
	return *ret ? 0 : err_nomem(err);
}

static int decode_header(struct jupyter_msg *m, struct err *err)
{
	json_auto_t *j = NULL;
	int r = json_parse(m->header.p, m->header.n, "its header", &j, err);

	if (r == 0)
		r = dup_member(j, "msg_id", true, &m->msg_id, err);
	if (r == 0)
		r = dup_member(j, "msg_type", true, &m->msg_type, err);
	if (r == 0)
		r = dup_member(j, "session", false, &m->session, err);
	if (r == 0)
		r = dup_member(j, "subshell_id", false, &m->subshell_id, err);
	return r;
}

static int decode_parent(struct jupyter_msg *m, struct err *err)
{
	json_auto_t *j = NULL;
	int r;

	if (slice_eq(m->parent, "{}"))
		return 0;
	r = json_parse(m->parent.p, m->parent.n, "its parent header", &j, err);
	return r < 0 ? r : dup_member(j, "msg_id", false, &m->parent_id, err);
}

/* Find the delimiter and cut the frames into parts. */
static int locate(struct jupyter_msg *m, struct err *err)
{
	size_t at = 0;

	while (at < m->n_frames && !slice_eq(frame_slice(&m->frames[at]), delimiter))
		at++;
	if (at == m->n_frames)
		return err_set(err, E_PROTO, "no <IDS|MSG> delimiter in %zu frames", m->n_frames);
	if (m->n_frames - at < 6)
		return err_set(err, E_PROTO, "%zu frames behind the delimiter, not 5 or more",
			       m->n_frames - at - 1);
	m->n_idents = at;
	m->header = frame_slice(&m->frames[at + 2]);
	m->parent = frame_slice(&m->frames[at + 3]);
	m->metadata = frame_slice(&m->frames[at + 4]);
	m->content = frame_slice(&m->frames[at + 5]);
	m->first_buffer = at + 6;
	return 0;
}

int jupyter_decode(zmq_msg_t *frames, size_t n, struct jupyter_signer *s, struct jupyter_msg *ret,
		   struct err *err)
{
	struct jupyter_msg m = {.frames = frames, .n_frames = n};
	int r = locate(&m, err);

	if (r == 0) {
		struct slice parts[4] = {m.header, m.parent, m.metadata, m.content};

		r = check_signature(s, &frames[m.n_idents + 1], parts, err);
	}
	if (r == 0)
		r = decode_header(&m, err);
	if (r == 0)
		r = decode_parent(&m, err);
	if (r < 0) {
		jupyter_msg_release(&m);
		return r;
	}
	*ret = m;
	return 0;
}

int jupyter_recv(void *socket, struct jupyter_signer *s, struct jupyter_msg *ret, struct err *err)
{
	zmq_msg_t *frames;
	size_t n;
	int r = jupyter_recv_frames(socket, &frames, &n, err);

	if (r <= 0)
		return r == E_TOOBIG ? E_PROTO : r;
	r = jupyter_decode(frames, n, s, ret, err);
	return r < 0 ? E_PROTO : 1;
}

static char *build_header(struct jupyter_signer *s, const struct jupyter_out *out)
{
	char id[JUPYTER_ID_SIZE], date[CLOCK_ISO_SIZE];
	bool subshell = out->subshell_id != NULL;

	if (!out->msg_id)
		jupyter_new_id(s, id);
	clock_iso_now(date);
	/* Every other value is ours and plain ASCII: nothing to escape. */
	return str_fmt("{\"date\":\"%s\",\"msg_id\":\"%s\",\"msg_type\":\"%s\",\"session\":\"%s\","
		       "%s%s%s\"username\":%s,\"version\":\"" JUPYTER_PROTOCOL_VERSION "\"}",
		       date, out->msg_id ? out->msg_id : id, out->msg_type, s->session,
		       subshell ? "\"subshell_id\":\"" : "", subshell ? out->subshell_id : "",
		       subshell ? "\"," : "", s->username);
}

static int send_error(struct err *err)
{
	if (errno == EHOSTUNREACH)
		return err_set(err, E_NOTFOUND, "the peer is gone");
	return err_set_errno(err, E_IO, errno, "send");
}

static int send_bytes(void *socket, struct slice s, int flags, struct err *err)
{
	while (zmq_send(socket, s.p, s.n, flags | ZMQ_DONTWAIT) < 0)
		if (errno != EINTR)
			return send_error(err);
	return 0;
}

static int send_ref(void *socket, const zmq_msg_t *frame, int flags, struct err *err)
{
	zmq_msg_t copy;
	int r = 0;

	zmq_msg_init(&copy);
	if (zmq_msg_copy(&copy, (zmq_msg_t *)(uintptr_t)frame) < 0)
		r = err_nomem(err);
	while (r == 0 && zmq_msg_send(&copy, socket, flags | ZMQ_DONTWAIT) < 0)
		if (errno != EINTR)
			r = send_error(err);
	zmq_msg_close(&copy);
	return r;
}

static int send_route(void *socket, const struct jupyter_out *out, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < out->n_idents; i++)
		r = send_ref(socket, &out->idents[i], ZMQ_SNDMORE, err);
	if (r == 0 && out->n_idents == 0 && out->topic.n)
		r = send_bytes(socket, out->topic, ZMQ_SNDMORE, err);
	return r;
}

static int send_parts(void *socket, const struct jupyter_out *out, const struct slice parts[4],
		      const char *signature, struct err *err)
{
	int r = send_bytes(socket, SLICE("<IDS|MSG>"), ZMQ_SNDMORE, err);

	if (r == 0)
		r = send_bytes(socket, slice_of(signature), ZMQ_SNDMORE, err);
	for (int i = 0; r == 0 && i < 4; i++)
		r = send_bytes(socket, parts[i], i < 3 || out->n_buffers ? ZMQ_SNDMORE : 0, err);
	for (size_t i = 0; r == 0 && i < out->n_buffers; i++)
		r = send_ref(socket, &out->buffers[i], i + 1 < out->n_buffers ? ZMQ_SNDMORE : 0,
			     err);
	return r;
}

int jupyter_send(void *socket, struct jupyter_signer *s, const struct jupyter_out *out,
		 struct err *err)
{
	_cleanup_free_ char *header = build_header(s, out);
	char hex[2 * DIGEST_SIZE + 1] = "";
	uint8_t digest[DIGEST_SIZE];
	int r;

	if (!header)
		return err_nomem(err);
	struct slice parts[4] = {slice_of(header), out->parent.n ? out->parent : SLICE("{}"),
				 out->metadata.n ? out->metadata : SLICE("{}"),
				 out->content.n ? out->content : SLICE("{}")};

	if (s->mac) {
		r = sign(s, parts, digest, err);
		if (r < 0)
			return r;
		str_hex(hex, digest, sizeof(digest));
	}
	r = send_route(socket, out, err);
	return r < 0 ? r : send_parts(socket, out, parts, hex, err);
}
