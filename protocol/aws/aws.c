/*
 * One request to a service: its address, its signature, trying again.  What
 * an error answer means stands in aws-error.c.
 */
#include "protocol/aws/aws-int.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/aws/aws-error.h"
#include "protocol/aws/credentials.h"
#include "protocol/aws/endpoint.h"
#include "protocol/aws/sigv4.h"

#include <string.h>

enum {
	TRIES = 6,
	TRIES_UNCONNECTED = 3,
	TRIES_LOST = 3,
	RETRY_FIRST_MS = 200,
	RETRY_MAX_MS = 20000,
	RETRY_AFTER_MAX_S = 120,
	EXPIRY_SLACK_S = 300,
	HEADERS_MAX = 4, /* of a call */
};

/* "Service endpoints and quotas" (AWS General Reference); variables: AWS SDKs and Tools guide. */
static const struct service {
	const char *variable; /* behind AWS_ENDPOINT_URL_ */
	const char *host;     /* before the region */
	const char *signing;
	const char *target;  /* X-Amz-Target before the operation; NULL: not JSON 1.1 */
	const char *version; /* of the Query protocol */
	bool global;         /* one host and one signing region for a whole partition */
} services[AWS_SERVICES] = {
	[AWS_ECR] = {"ECR", "api.ecr", "ecr", "AmazonEC2ContainerRegistry_V20150921", NULL, false},
	[AWS_IAM] = {"IAM", "iam", "iam", NULL, "2010-05-08", true},
	[AWS_QUOTAS] = {"SERVICE_QUOTAS", "servicequotas", "servicequotas",
			"ServiceQuotasV20190624", NULL, false},
	[AWS_RUNTIME] = {"SAGEMAKER_RUNTIME", "runtime.sagemaker", "sagemaker", NULL, NULL, false},
	[AWS_SAGEMAKER] = {"SAGEMAKER", "api.sagemaker", "sagemaker", "SageMaker", NULL, false},
	[AWS_STS] = {"STS", "sts", "sts", NULL, "2011-06-15", false},
};

struct aws {
	struct http_client *http;
	struct aws_credentials credentials;
	bool by_chain; /* look for credentials, and for new ones */
	char *region;
	int retry_ms;
	int stall_ms;
	int retry_after_s; /* asked for by the last answer; 0: not */
	struct {
		char *origin; /* NULL: not looked up yet */
		char *prefix;
	} places[AWS_SERVICES];
};

int aws_new(const struct aws_options *options, struct aws **ret, struct err *err)
{
	struct http_options http = {.ca_file = getenv("AWS_CA_BUNDLE")};
	_cleanup_(aws_freep) struct aws *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return err_nomem(err);
	a->retry_ms = options->retry_ms ? options->retry_ms : RETRY_FIRST_MS;
	a->stall_ms = options->stall_ms;
	r = aws_region_check(options->region, err);
	if (r == 0)
		r = str_replace(&a->region, options->region, err);
	a->by_chain = !options->credentials;
	if (r == 0 && options->credentials)
		r = aws_credentials_copy(options->credentials, &a->credentials, err);
	if (r == 0)
		r = http_client_new(&http, &a->http, err);
	if (r < 0)
		return r;
	*ret = TAKE(a);
	return 0;
}

void aws_free(struct aws *a)
{
	if (!a)
		return;
	http_client_free(a->http);
	aws_credentials_release(&a->credentials);
	free(a->region);
	for (size_t i = 0; i < AWS_SERVICES; i++) {
		free(a->places[i].origin);
		free(a->places[i].prefix);
	}
	free(a);
}

const char *aws_client_region(const struct aws *a)
{
	return a->region;
}

/* --- credentials --- */

/* Roles' keys last an hour or so; what waits for an endpoint may wait longer. */
static int find_credentials(struct aws *a, struct cancel *cancel, struct err *err)
{
	struct aws_credentials *c = &a->credentials;
	bool old = c->expires && c->expires - clock_wall_ms() / 1000 < EXPIRY_SLACK_S;
	struct aws_credentials fresh = {0};
	int r;

	if (!a->by_chain || (c->access_key && !old))
		return 0;
	r = aws_credentials_find(0, cancel, &fresh, err);
	if (r < 0)
		return r;
	aws_credentials_release(c);
	*c = fresh;
	return 0;
}

/* --- address --- */

/* IAM is one for each partition, and signs as that partition's first region. */
static const char *global_region(const struct aws *a)
{
	return str_starts(a->region, "cn-")       ? "cn-north-1"
	       : str_starts(a->region, "us-gov-") ? "us-gov-west-1"
						  : "us-east-1";
}

static char *own_origin(const struct aws *a, const struct service *s)
{
	const char *domain = aws_domain(a->region);

	if (!s->global)
		return str_fmt("https://%s.%s.%s", s->host, a->region, domain);
	if (str_starts(a->region, "cn-") || str_starts(a->region, "us-gov-"))
		return str_fmt("https://%s.%s.%s", s->host, global_region(a), domain);
	return str_fmt("https://%s.%s", s->host, domain);
}

static int find_place(struct aws *a, enum aws_service id, struct err *err)
{
	const struct service *s = &services[id];
	_cleanup_free_ char *set = NULL;
	int r;

	if (a->places[id].origin)
		return 0;
	r = aws_endpoint(s->variable, &set, err);
	if (r < 0)
		return r;
	if (set)
		return aws_endpoint_split(s->variable, set, &a->places[id].origin,
					  &a->places[id].prefix, err);
	a->places[id].prefix = str_dup("");
	a->places[id].origin = a->places[id].prefix ? own_origin(a, s) : NULL;
	return a->places[id].origin ? 0 : err_nomem(err);
}

/* --- one try --- */

static int send_signed(struct aws *a, const struct aws_call *call, const char *path,
		       const struct sigv4_signed *sig, struct http_response *ret, struct err *err)
{
	_cleanup_free_ char *url = str_fmt("%s%s", a->places[call->service].origin, path);
	struct http_header headers[HEADERS_MAX + SIGV4_HEADERS];
	struct http_request req = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.body = call->body,
		.body_len = call->n,
		.stall_ms = a->stall_ms,
		.once = call->effect == AWS_ACTS,
		.cancel = call->cancel,
	};

	if (!url)
		return err_nomem(err);
	for (size_t i = 0; i < call->n_headers; i++)
		headers[req.n_headers++] = call->headers[i];
	for (size_t i = 0; i < sig->n_headers; i++)
		headers[req.n_headers++] = sig->headers[i];
	return http_perform(a->http, &req, ret, err);
}

static int attempt(struct aws *a, const struct aws_call *call, struct http_response *ret,
		   struct err *err)
{
	const struct service *s = &services[call->service];
	_cleanup_sigv4_ struct sigv4_signed sig = {0};
	_cleanup_free_ char *path = str_fmt("%s%s", a->places[call->service].prefix, call->path);
	char hash[SIGV4_HASH_SIZE];
	struct sigv4_request req = {
		.method = "POST",
		.host = strstr(a->places[call->service].origin, "://") + 3,
		.path = path,
		.headers = call->headers,
		.n_headers = call->n_headers,
		.payload = hash,
		.region = s->global ? global_region(a) : a->region,
		.service = s->signing,
		.time = clock_wall_ms() / 1000,
	};
	int r = path ? sigv4_hash(call->body, call->n, hash, err) : err_nomem(err);

	if (r == 0)
		r = sigv4_sign(&req, &a->credentials, &sig, err);
	return r < 0 ? r : send_signed(a, call, path, &sig, ret, err);
}

/* --- trying again --- */

/* How often to try in all when a request fails so. */
static int tries_after(int r, enum aws_effect effect)
{
	switch (r) {
	case E_IO: /* nothing was sent */
		return TRIES_UNCONNECTED;
	case E_CLOSED:
	case E_TIMEOUT:
		return effect == AWS_READS ? TRIES_LOST : 0;
	default:
		return 0;
	}
}

static void note_retry_after(struct aws *a, const struct http_response *res)
{
	const char *text = http_response_header(res, "Retry-After");
	uint64_t s;

	a->retry_after_s = 0;
	/* Delta seconds only: the date form of RFC 9110 §10.2.3 is not worth a calendar. */
	if (text && str_parse_u64(text, &s, NULL) == 0)
		a->retry_after_s = s < RETRY_AFTER_MAX_S ? (int)s : RETRY_AFTER_MAX_S;
}

static int wait_again(struct aws *a, int tries, struct cancel *cancel, struct err *err)
{
	int s = a->retry_after_s;

	a->retry_after_s = 0;
	return s ? backoff_sleep(s * 1000, cancel, err)
		 : backoff_wait(a->retry_ms, RETRY_MAX_MS, tries, cancel, err);
}

int aws_perform(struct aws *a, const struct aws_call *call, struct http_response *ret,
		struct err *err)
{
	int r = find_place(a, call->service, err);

	if (r == 0)
		r = find_credentials(a, call->cancel, err);
	if (r < 0)
		return r;
	for (int tries = 1;; tries++) {
		_cleanup_http_response_ struct http_response res = {0};
		int most = TRIES;
		bool passes = false;

		r = attempt(a, call, &res, err);
		if (r == 0 && res.status / 100 == 2) {
			*ret = res;
			res = (struct http_response){0};
			return 0;
		}
		if (r < 0) {
			most = tries_after(r, call->effect);
			passes = most > 0;
		} else {
			note_retry_after(a, &res);
			r = aws_error_tell(res.status,
					   http_response_header(&res, "x-amzn-ErrorType"),
					   res.body.data, res.body.len, &passes, err);
		}
		if (!passes || tries >= most)
			return r;
		if (wait_again(a, tries, call->cancel, err) < 0)
			return err->code;
		err_clear(err);
	}
}

/* --- the two protocols --- */

int aws_json(struct aws *a, enum aws_service service, const char *operation, enum aws_effect effect,
	     json_t *body, struct cancel *cancel, json_t **ret, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *text = body ? json_text(body) : NULL;
	_cleanup_free_ char *target = str_fmt("%s.%s", services[service].target, operation);
	struct http_header headers[] = {{"Content-Type", "application/x-amz-json-1.1"},
					{"X-Amz-Target", target}};
	struct aws_call call = {.service = service,
				.effect = effect,
				.path = "/",
				.headers = headers,
				.n_headers = ARRAY_LEN(headers),
				.body = text,
				.cancel = cancel};
	int r;

	json_decref(body);
	if (!text || !target)
		return err_nomem(err);
	call.n = strlen(text);
	r = aws_perform(a, &call, &res, err);
	if (r < 0)
		return err_prefix(err, "%s", operation);
	/* Some calls answer nothing. */
	if (res.body.len == 0) {
		*ret = json_object();
		return *ret ? 0 : err_nomem(err);
	}
	return json_parse((const char *)res.body.data, res.body.len, operation, ret, err);
}

int aws_query(struct aws *a, enum aws_service service, const char *action,
	      const struct aws_param *params, size_t n, struct cancel *cancel, xml_element_fn *fn,
	      void *userdata, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_buf_ struct buf form;
	struct http_header type = {"Content-Type",
				   "application/x-www-form-urlencoded; charset=utf-8"};
	struct aws_call call = {.service = service,
				.effect = AWS_READS,
				.path = "/",
				.headers = &type,
				.n_headers = 1,
				.cancel = cancel};
	int r;

	buf_init(&form, LIMIT_SMALL_FILE);
	buf_printf(&form, "Action=%s&Version=%s", action, services[service].version);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&form, "&%s=", params[i].name);
		http_escape(&form, params[i].value, strlen(params[i].value), "");
	}
	r = buf_check(&form, action, err);
	if (r < 0)
		return r;
	call.body = form.data;
	call.n = form.len;
	r = aws_perform(a, &call, &res, err);
	if (r == 0)
		r = xml_walk(res.body.data, res.body.len, fn, userdata, err);
	return r < 0 ? err_prefix(err, "%s", action) : 0;
}
