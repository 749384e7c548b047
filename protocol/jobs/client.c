/* The client: address, token, one call and the mapping of its errors. */
#include "protocol/jobs/jobs-int.h"

#include "base/limits.h"
#include "base/str.h"
#include "protocol/http/http.h"

#include <string.h>

enum { STALL_MS = 60000 };

struct jobs_client {
	struct http_client *http;
	char *url;    /* without path and token */
	char *bearer; /* "Bearer …" */
};

static int bad_address(struct err *err)
{
	int r = err_set(err, E_INPUT,
			"the Jobs Tracker's address is not http://host:port/?token=…");

	err_set_hint(err, "splice-manager status shows it");
	return r;
}

/* The value of token= in a query, with %XX decoded; NULL when there is none. */
static char *token_of(const char *query)
{
	static const char name[] = "token=";
	char *token, *to;

	while (query && !str_starts(query + 1, name))
		query = strchr(query + 1, '&');
	if (!query)
		return NULL;
	query += 1 + strlen(name);
	token = to = str_ndup(query, strcspn(query, "&#"));
	for (const char *p = token; p && *p; p++) {
		if (*p == '%' && str_hex_digit(p[1]) >= 0 && str_hex_digit(p[2]) >= 0) {
			*to++ = (char)(str_hex_digit(p[1]) << 4 | str_hex_digit(p[2]));
			p += 2;
		} else {
			*to++ = *p;
		}
	}
	if (to)
		*to = '\0';
	return token;
}

/* Visible ASCII alone: a header line can hold nothing else. */
static bool is_token(const char *s)
{
	const char *p = s;

	while (*p > ' ' && *p < 0x7F)
		p++;
	return *s && !*p;
}

/* A name or an address with its port; nothing that a URL could be bent with. */
static bool is_host(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!str_is_alpha(s[i]) && !str_is_digit(s[i]) && !strchr("-.:[]_", s[i]))
			return false;
	return n > 0;
}

static int read_address(struct jobs_client *c, const char *address, struct err *err)
{
	const char *host = strstr(address, "://");
	_cleanup_secret_ char *token = NULL;

	if (!host || !(str_starts_ci(address, "http://") || str_starts_ci(address, "https://")))
		return bad_address(err);
	host += 3;
	if (!is_host(host, strcspn(host, "/?#")))
		return bad_address(err);
	token = token_of(strchr(host, '?'));
	if (!token || !is_token(token))
		return bad_address(err);
	c->url = str_ndup(address, (size_t)(host - address) + strcspn(host, "/?#"));
	c->bearer = str_fmt("Bearer %s", token);
	return c->url && c->bearer ? 0 : err_nomem(err);
}

int jobs_client_new(const char *address, const struct jobs_client_options *options,
		    struct jobs_client **ret, struct err *err)
{
	_cleanup_(jobs_client_freep) struct jobs_client *c = calloc(1, sizeof(*c));
	const struct http_options http = {.ca_file = options ? options->ca_file : NULL};
	int r;

	if (!c)
		return err_nomem(err);
	r = read_address(c, address, err);
	if (r == 0)
		r = http_client_new(&http, &c->http, err);
	if (r < 0)
		return r;
	*ret = TAKE(c);
	return 0;
}

void jobs_client_free(struct jobs_client *c)
{
	if (!c)
		return;
	http_client_free(c->http);
	free(c->url);
	str_wipe(&c->bearer);
	free(c);
}

const char *jobs_client_url(const struct jobs_client *c)
{
	return c->url;
}

/* --- what it answers --- */

static const struct {
	int status, code;
} codes[] = {
	{400, E_INPUT}, {401, E_AUTH},        {403, E_AUTH},    {404, E_NOTFOUND},
	{405, E_PROTO}, {409, E_EXISTS},      {413, E_TOOBIG},  {421, E_AUTH},
	{422, E_INPUT}, {501, E_UNSUPPORTED}, {504, E_TIMEOUT},
};

static int code_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].status == status)
			return codes[i].code;
	return status >= 500 ? E_SERVER : E_PROTO;
}

static int tell_status(const struct jobs_client *c, int status, const json_t *j, struct err *err)
{
	const json_t *e = json_object_get(j, "error");
	const char *message = json_get_str(e, "message", ""), *hint = json_get_str(e, "hint", "");
	const char *name = json_get_str(e, "code", "");
	/* Another server's page must not pass for the tracker's verdict. */
	int code = *name ? code_of(status) : E_PROTO;

	if (*message)
		(void)err_set(err, code, "%s", message);
	else
		(void)err_set(err, code, "%s answered with status %d", c->url, status);
	err_set_name(err, name);
	if (*hint)
		err_set_hint(err, "%s", hint);
	else if (code == E_PROTO)
		err_set_hint(err, "check that %s is a Jobs Tracker", c->url);
	return code;
}

static int read_answer(const struct jobs_client *c, const struct http_response *res, json_t **ret,
		       struct err *err)
{
	json_t *j = NULL;
	int r = json_parse((const char *)res->body.data, res->body.len, "the Jobs Tracker's answer",
			   &j, NULL);

	if (res->status < 200 || res->status > 299)
		r = tell_status(c, res->status, j, err);
	else if (r < 0 || !json_is_object(j))
		r = tell_status(c, res->status, NULL, err);
	if (r < 0)
		json_decref(j);
	else
		*ret = j;
	return r;
}

int jobs_perform(struct jobs_client *c, struct jobs_call *call, struct cancel *cancel, json_t **ret,
		 struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	const struct http_header headers[] = {{"Authorization", c->bearer},
					      {"Content-Type", "application/json"}};
	_cleanup_free_ char *path = NULL, *url = NULL;
	_cleanup_free_ char *body = call->body ? json_text(call->body) : NULL;
	struct http_request req = {.method = call->method,
				   .headers = headers,
				   .n_headers = ARRAY_LEN(headers),
				   .body = body,
				   .body_len = body ? strlen(body) : 0,
				   .stall_ms = STALL_MS + call->wait_s * 1000,
				   .once = call->once,
				   .cancel = cancel};
	int r = buf_check(&call->path, "the address", err);

	if (r < 0)
		return r;
	path = buf_take_str(&call->path);
	url = path ? str_fmt("%s%s", c->url, path) : NULL;
	if (!url || (call->body && !body))
		return err_nomem(err);
	req.url = url;
	r = http_perform(c->http, &req, &res, err);
	return r < 0 ? r : read_answer(c, &res, ret, err);
}

void remote_job_release(struct remote_job *j)
{
	free(j->state);
	json_decref(j->all);
	*j = (struct remote_job){0};
}

int jobs_perform_job(struct jobs_client *c, struct jobs_call *call, struct cancel *cancel,
		     struct remote_job *ret, struct err *err)
{
	_cleanup_remote_job_ struct remote_job job = {0};
	json_auto_t *j = NULL;
	json_int_t id, ended;
	const char *state;
	json_error_t at;
	int r = jobs_perform(c, call, cancel, &j, err);

	if (r < 0)
		return r;
	if (json_unpack_ex(j, &at, 0, "{s:{s:I, s:s, s:I}}", "job", "id", &id, "state", &state,
			   "ended", &ended) < 0)
		return err_set(err, E_PROTO, "the Jobs Tracker's answer: %s", at.text);
	job.id = id;
	job.ended = ended != 0;
	job.state = str_dup(state);
	job.all = json_incref(json_object_get(j, "job"));
	if (!job.state)
		return err_nomem(err);
	*ret = job;
	job = (struct remote_job){0};
	return 0;
}
