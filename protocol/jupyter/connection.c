/* The connection file. */
#include "protocol/jupyter/connection.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"

#include <string.h>
#include <uuid/uuid.h>

static const char *const channel_names[JUPYTER_CHANNELS] = {
	[JUPYTER_SHELL] = "shell",     [JUPYTER_IOPUB] = "iopub", [JUPYTER_STDIN] = "stdin",
	[JUPYTER_CONTROL] = "control", [JUPYTER_HB] = "hb",
};

const char *jupyter_channel_name(enum jupyter_channel channel)
{
	return channel_names[channel];
}

static int read_port(const json_t *j, enum jupyter_channel channel, int *ret, struct err *err)
{
	char name[24];
	const json_t *v;

	snprintf(name, sizeof(name), "%s_port", channel_names[channel]);
	v = json_object_get(j, name);
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > 65535)
		return err_set(err, E_INPUT, "%s is %s", name, v ? "not a port" : "missing");
	*ret = (int)json_integer_value(v);
	return 0;
}

/* A member that is there is a text: a key of another type must not turn signatures off. */
static int read_text(const json_t *j, const char *name, const char *fallback, char **ret,
		     struct err *err)
{
	const json_t *v = json_object_get(j, name);

	if (v && !json_is_string(v))
		return err_set(err, E_INPUT, "%s is not a text", name);
	if (!v && !fallback)
		return 0;
	*ret = str_dup(v ? json_string_value(v) : fallback);
	return *ret ? 0 : err_nomem(err);
}

/* What we cannot do is refused: a client that expects it would wait for ever. */
static int check_members(const json_t *j, const struct jupyter_connection *c, struct err *err)
{
	const char *scheme = json_get_str(j, "signature_scheme", "hmac-sha256");

	if (!str_eq(c->transport, "tcp") && !str_eq(c->transport, "ipc"))
		return err_set(err, E_INPUT, "transport \"%.20s\" is neither tcp nor ipc",
			       c->transport);
	if (c->key[0] && !str_eq(scheme, "hmac-sha256"))
		return err_set(err, E_UNSUPPORTED, "signature_scheme \"%.40s\" is not hmac-sha256",
			       scheme);
	if (json_object_get(j, "curve_secretkey"))
		return err_set(err, E_UNSUPPORTED, "encryption (curve_secretkey) is asked for");
	return 0;
}

static int fill(struct jupyter_connection *c, const json_t *j, struct err *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < JUPYTER_CHANNELS; i++)
		r = read_port(j, (enum jupyter_channel)i, &c->ports[i], err);
	if (r == 0)
		r = read_text(j, "transport", "tcp", &c->transport, err);
	if (r == 0)
		r = read_text(j, "ip", "127.0.0.1", &c->ip, err);
	if (r == 0)
		r = read_text(j, "key", "", &c->key, err);
	if (r == 0)
		r = read_text(j, "kernel_name", NULL, &c->kernel_name, err);
	return r == 0 ? check_members(j, c, err) : r;
}

int jupyter_connection_parse(const char *text, size_t n, struct jupyter_connection *ret,
			     struct err *err)
{
	struct jupyter_connection c = {0};
	json_auto_t *j = NULL;
	int r = json_parse(text, n, "the connection file", &j, err);

	if (r == 0 && !json_is_object(j))
		r = err_set(err, E_INPUT, "it holds no JSON object");
	if (r == 0)
		r = fill(&c, j, err);
	if (r < 0) {
		jupyter_connection_release(&c);
		return r;
	}
	*ret = c;
	return 0;
}

int jupyter_connection_read(const char *path, struct jupyter_connection *ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	r = fs_read(path, &b, err);
	if (r < 0)
		return r;
	if (jupyter_connection_parse((const char *)b.data, b.len, ret, err) < 0)
		return err_prefix(err, "connection file %s", path);
	return 0;
}

int jupyter_connection_write(const char *path, const struct jupyter_connection *c, struct err *err)
{
	json_auto_t *j = json_pack("{ss ss ss ss ss}", "transport", c->transport, "ip", c->ip,
				   "key", c->key, "signature_scheme", "hmac-sha256", "kernel_name",
				   c->kernel_name ? c->kernel_name : "");
	_cleanup_free_ char *text = NULL;

	for (int i = 0; j && i < JUPYTER_CHANNELS; i++) {
		char name[24];

		snprintf(name, sizeof(name), "%s_port", channel_names[i]);
		if (json_object_set_new(j, name, json_integer(c->ports[i])) < 0)
			return err_nomem(err);
	}
	text = j ? json_dumps(j, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
	if (!text)
		return err_nomem(err);
	return fs_write_atomic(path, text, strlen(text), 0600, err);
}

void jupyter_connection_release(struct jupyter_connection *c)
{
	free(c->transport);
	free(c->ip);
	if (c->key)
		explicit_bzero(c->key, strlen(c->key));
	free(c->key);
	free(c->kernel_name);
	*c = (struct jupyter_connection){0};
}

char *jupyter_connection_endpoint(const struct jupyter_connection *c, enum jupyter_channel channel)
{
	if (str_eq(c->transport, "ipc"))
		return str_fmt("ipc://%s-%d", c->ip, c->ports[channel]);
	if (c->ports[channel] == 0)
		return str_fmt("tcp://%s:*", c->ip);
	return str_fmt("tcp://%s:%d", c->ip, c->ports[channel]);
}

char *jupyter_new_key(void)
{
	uuid_t id;
	char text[UUID_STR_LEN];

	uuid_generate_random(id);
	uuid_unparse_lower(id, text);
	return str_dup(text);
}
