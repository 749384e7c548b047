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

static int check_members(const char *transport, const char *scheme, struct err *err)
{
	if (!str_eq(transport, "tcp") && !str_eq(transport, "ipc"))
		return err_set(err, E_INPUT, "transport \"%.20s\" is neither tcp nor ipc",
			       transport);
	if (!str_eq(scheme, "hmac-sha256"))
		return err_set(err, E_UNSUPPORTED, "signature_scheme \"%.40s\" is not hmac-sha256",
			       scheme);
	return 0;
}

static int fill(struct jupyter_connection *c, const json_t *j, struct err *err)
{
	const char *transport = json_get_str(j, "transport", "tcp");
	const char *name = json_get_str(j, "kernel_name", NULL);
	int r = check_members(transport, json_get_str(j, "signature_scheme", "hmac-sha256"), err);

	for (int i = 0; r == 0 && i < JUPYTER_CHANNELS; i++)
		r = read_port(j, (enum jupyter_channel)i, &c->ports[i], err);
	if (r < 0)
		return r;
	c->transport = str_dup(transport);
	c->ip = str_dup(json_get_str(j, "ip", "127.0.0.1"));
	c->key = str_dup(json_get_str(j, "key", ""));
	c->kernel_name = name ? str_dup(name) : NULL;
	if (!c->transport || !c->ip || !c->key || (name && !c->kernel_name))
		return err_nomem(err);
	return 0;
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
