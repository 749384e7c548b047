/* The MLflow of the tests. */
#include "tests/servers/fake_mlflow.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct fake_mlflow {
	struct fake_http *http;
	int port;
	char url[64];
	pthread_mutex_t lock;
	struct mlflow_fault fault;
	bool armed;
	unsigned count;
	json_t *experiments; /* array of {"experiment_id", "name", "lifecycle_stage"} */
	json_t *runs;        /* array, oldest first */
	json_t *artifacts;   /* path -> size */
	json_t *contents;    /* path -> text, of those that are texts */
};

static void refuse(struct fake_reply *reply, int status, const char *code, const char *message)
{
	reply->status = status;
	buf_printf(&reply->body, "{\"error_code\": \"%s\", \"message\": \"%s\"}", code, message);
}

static void answer(struct fake_reply *reply, json_t *j)
{
	_cleanup_free_ char *text = json_text(j);

	json_decref(j);
	buf_put_str(&reply->body, text);
}

/* The value of ?name= or &name= with %XX decoded. */
static char *query(const struct fake_request *req, const char *name)
{
	_cleanup_free_ char *pattern = str_fmt("%s=", name);
	const char *p = strchr(req->target, '?');
	char *value, *to;

	while (p && !str_starts(p + 1, pattern))
		p = strchr(p + 1, '&');
	if (!p)
		return str_dup("");
	p += 1 + strlen(pattern);
	value = to = str_ndup(p, strcspn(p, "&"));
	for (const char *from = value; *from; from++) {
		unsigned byte;

		if (*from == '%' && sscanf(from + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return value;
}

static json_t *find(json_t *array, const char *key, const char *value)
{
	json_t *item;
	size_t i;

	json_array_foreach (array, i, item) {
		const json_t *in = json_object_get(item, "info");

		if (str_eq(json_get_str(in ? in : item, key, ""), value))
			return item;
	}
	return NULL;
}

/* --- experiments --- */

static void experiments_create(struct fake_mlflow *f, const json_t *body, struct fake_reply *reply)
{
	const char *name = json_get_str(body, "name", "");
	char id[16];

	if (find(f->experiments, "name", name)) {
		refuse(reply, 400, "RESOURCE_ALREADY_EXISTS", "exists");
		return;
	}
	snprintf(id, sizeof(id), "%zu", json_array_size(f->experiments));
	json_array_append_new(f->experiments,
			      json_pack("{s:s, s:s, s:s, s:s}", "experiment_id", id, "name", name,
					"lifecycle_stage", "active", "artifact_location",
					"mlflow-artifacts:/x"));
	answer(reply, json_pack("{s:s}", "experiment_id", id));
}

static void experiment_get(struct fake_mlflow *f, const char *key, const struct fake_request *req,
			   struct fake_reply *reply)
{
	_cleanup_free_ char *value =
		query(req, str_eq(key, "name") ? "experiment_name" : "experiment_id");
	json_t *e = find(f->experiments, key, value);

	if (e)
		answer(reply, json_pack("{s:O}", "experiment", e));
	else
		refuse(reply, 404, "RESOURCE_DOES_NOT_EXIST", "no such experiment");
}

/* --- runs --- */

static void runs_create(struct fake_mlflow *f, const json_t *body, struct fake_reply *reply)
{
	char id[33];
	json_t *run, *tag;
	json_t *tags = json_object();
	size_t i;

	snprintf(id, sizeof(id), "%032zx", json_array_size(f->runs) + 0xa0);
	json_array_foreach (json_object_get(body, "tags"), i, tag)
		json_object_set(tags, json_get_str(tag, "key", ""), json_object_get(tag, "value"));
	run = json_pack("{s:{s:s, s:s, s:s, s:s, s:s+, s:I, s:s}, s:{}, s:o, s:[]}", "info",
			"run_id", id, "run_name", json_get_str(body, "run_name", ""),
			"experiment_id", json_get_str(body, "experiment_id", ""), "status",
			"RUNNING", "artifact_uri", "mlflow-artifacts:/x/", id, "start_time",
			json_get_int(body, "start_time", 0), "lifecycle_stage", "active", "params",
			"tags", tags, "history");
	json_array_append_new(f->runs, run);
	answer(reply,
	       json_pack("{s:{s:O, s:{}}}", "run", "info", json_object_get(run, "info"), "data"));
}

static json_t *key_values(const json_t *object)
{
	json_t *array = json_array();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value)
		json_array_append_new(array, json_pack("{s:s, s:O}", "key", key, "value", value));
	return array;
}

static json_t *run_json(const json_t *run)
{
	json_auto_t *last = json_object();
	json_t *metric;
	size_t i;

	json_array_foreach (json_object_get(run, "history"), i, metric)
		json_object_set(last, json_get_str(metric, "key", ""),
				json_object_get(metric, "value"));
	return json_pack("{s:O, s:{s:o, s:o, s:o}}", "info", json_object_get(run, "info"), "data",
			 "params", key_values(json_object_get(run, "params")), "tags",
			 key_values(json_object_get(run, "tags")), "metrics", key_values(last));
}

static bool is_active(const json_t *run)
{
	return str_eq(json_get_str(json_object_get(run, "info"), "lifecycle_stage", ""), "active");
}

/* The only filter our client sends: a tag's value in single quotes. */
static bool passes(const json_t *run, const char *filter)
{
	const char *quote = filter ? strchr(filter, '\'') : NULL;
	const char *tag = json_get_str(json_object_get(run, "tags"), "splice.request", "");

	return !quote || (strncmp(quote + 1, tag, strlen(tag)) == 0 && *tag);
}

static void runs_search(struct fake_mlflow *f, const json_t *body, struct fake_reply *reply)
{
	const char *experiment =
		json_string_value(json_array_get(json_object_get(body, "experiment_ids"), 0));
	json_t *list = json_array();

	for (size_t i = json_array_size(f->runs); i-- > 0;) {
		json_t *run = json_array_get(f->runs, i);

		if (is_active(run) && passes(run, json_get_str(body, "filter", NULL)) &&
		    str_eq(json_get_str(json_object_get(run, "info"), "experiment_id", ""),
			   experiment))
			json_array_append_new(list, run_json(run));
	}
	answer(reply, json_pack("{s:o}", "runs", list));
}

static void runs_update(json_t *run, const json_t *body, struct fake_reply *reply)
{
	json_t *info = json_object_get(run, "info");

	json_object_set(info, "status", json_object_get(body, "status"));
	if (json_object_get(body, "end_time"))
		json_object_set(info, "end_time", json_object_get(body, "end_time"));
	answer(reply, json_object());
}

static bool conflicts(const json_t *run, const char *key, const char *value)
{
	const char *old = json_get_str(json_object_get(run, "params"), key, NULL);

	return old && !str_eq(old, value);
}

static void log_text(json_t *run, const char *member, const json_t *item, struct fake_reply *reply)
{
	const char *key = json_get_str(item, "key", "");

	if (str_eq(member, "params") && conflicts(run, key, json_get_str(item, "value", ""))) {
		refuse(reply, 400, "INVALID_PARAMETER_VALUE",
		       "Changing param values is not allowed");
		return;
	}
	json_object_set(json_object_get(run, member), key, json_object_get(item, "value"));
	if (!reply->body.len)
		answer(reply, json_object());
}

static void log_batch(json_t *run, const json_t *body, struct fake_reply *reply)
{
	json_t *history = json_object_get(run, "history");
	json_t *item, *old;
	size_t i, j;

	json_array_foreach (json_object_get(body, "params"), i, item)
		if (conflicts(run, json_get_str(item, "key", ""),
			      json_get_str(item, "value", ""))) {
			refuse(reply, 400, "INVALID_PARAMETER_VALUE", "Changing param values");
			return;
		}
	json_array_foreach (json_object_get(body, "metrics"), i, item)
		if (str_starts(json_get_str(item, "key", ""), "refuse")) {
			refuse(reply, 400, "INVALID_PARAMETER_VALUE", "a name it does not take");
			return;
		}
	json_array_foreach (json_object_get(body, "params"), i, item)
		log_text(run, "params", item, reply);
	json_array_foreach (json_object_get(body, "tags"), i, item)
		log_text(run, "tags", item, reply);
	json_array_foreach (json_object_get(body, "metrics"), i, item) {
		bool known = false;

		json_array_foreach (history, j, old)
			known |= json_equal(old, item);
		if (!known)
			json_array_append(history, item);
	}
	if (!reply->body.len)
		answer(reply, json_object());
}

static void on_run(struct fake_mlflow *f, const char *endpoint, const struct fake_request *req,
		   const json_t *body, struct fake_reply *reply)
{
	_cleanup_free_ char *id =
		body ? str_dup(json_get_str(body, "run_id", "")) : query(req, "run_id");
	json_t *run = find(f->runs, "run_id", id);

	if (!run)
		refuse(reply, 404, "RESOURCE_DOES_NOT_EXIST", "no such run");
	else if (str_eq(endpoint, "runs/get"))
		answer(reply, json_pack("{s:o}", "run", run_json(run)));
	else if (!is_active(run))
		refuse(reply, 400, "INVALID_PARAMETER_VALUE", "the run is deleted");
	else if (str_eq(endpoint, "runs/update"))
		runs_update(run, body, reply);
	else if (str_eq(endpoint, "runs/log-batch"))
		log_batch(run, body, reply);
	else if (str_eq(endpoint, "runs/log-parameter"))
		log_text(run, "params", body, reply);
	else if (str_eq(endpoint, "runs/set-tag"))
		log_text(run, "tags", body, reply);
	else if (str_eq(endpoint, "runs/delete")) {
		json_object_set_new(json_object_get(run, "info"), "lifecycle_stage",
				    json_string("deleted"));
		answer(reply, json_object());
	} else {
		refuse(reply, 404, "ENDPOINT_NOT_FOUND", endpoint);
	}
}

/* --- artifacts --- */

static void artifact(struct fake_mlflow *f, const char *path, const struct fake_request *req,
		     struct fake_reply *reply)
{
	const char *content = json_get_str(f->contents, path, NULL);

	if (str_eq(req->method, "PUT")) {
		json_object_set_new(f->artifacts, path, json_integer((json_int_t)req->body.len));
		json_object_set_new(f->contents, path,
				    json_str((const char *)req->body.data, req->body.len));
		answer(reply, json_object());
	} else if (content) {
		buf_put_str(&reply->body, content);
	} else {
		refuse(reply, 404, "RESOURCE_DOES_NOT_EXIST", "no such artifact");
	}
}

/* What lies in one folder of a run. */
static void artifacts_list(struct fake_mlflow *f, const struct fake_request *req,
			   struct fake_reply *reply)
{
	_cleanup_free_ char *run = query(req, "run_id"), *folder = query(req, "path");
	_cleanup_free_ char *top = str_fmt("x/%s/", run);
	_cleanup_free_ char *start = str_fmt("%s%s%s", top, folder, *folder ? "/" : "");
	json_auto_t *seen = json_object();
	json_t *files = json_array(), *size;
	const char *path;

	json_object_foreach (f->artifacts, path, size) {
		const char *rest = path + strlen(start);
		_cleanup_free_ char *name = NULL;

		if (!str_starts(path, start))
			continue;
		name = str_ndup(path + strlen(top),
				strlen(start) - strlen(top) + strcspn(rest, "/"));
		if (json_object_get(seen, name))
			continue;
		json_object_set_new(seen, name, json_true());
		json_array_append_new(files,
				      json_pack("{s:s, s:b, s:O}", "path", name, "is_dir",
						strchr(rest, '/') != NULL, "file_size", size));
	}
	answer(reply, json_pack("{s:o}", "files", files));
}

/* --- the server --- */

static void act(struct fake_mlflow *f, const struct fake_request *req, struct fake_reply *reply)
{
	static const char api[] = "/api/2.0/mlflow/",
			  proxy[] = "/api/2.0/mlflow-artifacts/artifacts/";
	const char *at = req->target + strlen(api);
	_cleanup_free_ char *endpoint = str_ndup(at, strcspn(at, "?"));
	json_auto_t *body = req->body.len && !str_starts(req->target, proxy)
				    ? json_loadb((char *)req->body.data, req->body.len, 0, NULL)
				    : NULL;

	if (str_starts(req->target, proxy)) {
		artifact(f, req->target + strlen(proxy), req, reply);
	} else if (str_eq(endpoint, "artifacts/list")) {
		artifacts_list(f, req, reply);
	} else if (str_eq(endpoint, "experiments/create")) {
		experiments_create(f, body, reply);
	} else if (str_eq(endpoint, "experiments/get-by-name")) {
		experiment_get(f, "name", req, reply);
	} else if (str_eq(endpoint, "experiments/get")) {
		experiment_get(f, "experiment_id", req, reply);
	} else if (str_eq(endpoint, "experiments/search")) {
		answer(reply, json_pack("{s:O}", "experiments", f->experiments));
	} else if (str_eq(endpoint, "runs/create")) {
		runs_create(f, body, reply);
	} else if (str_eq(endpoint, "runs/search")) {
		runs_search(f, body, reply);
	} else {
		on_run(f, endpoint, req, body, reply);
	}
}

/* With the lock held: whether this request is one to fail. */
static bool fails(struct fake_mlflow *f, const struct fake_request *req)
{
	const struct mlflow_fault *x = &f->fault;
	unsigned index;

	if (x->only && !strstr(req->target, x->only))
		return false;
	index = f->count++;
	return f->armed && index >= x->at && index < x->at + (x->times ? x->times : 1);
}

static void handle(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	struct fake_mlflow *f = userdata;
	bool fail;

	pthread_mutex_lock(&f->lock);
	fail = fails(f, req);
	if (!fail || f->fault.acted)
		act(f, req, reply);
	if (fail) {
		reply->fault = f->fault.fault;
		reply->cut = 3;
		if (f->fault.status) {
			reply->status = f->fault.status;
			buf_clear(&reply->body);
			buf_put_str(&reply->body, f->fault.body ? f->fault.body : "{}");
		}
		if (!reply->body.len)
			buf_put_str(&reply->body, "{\"some\": \"body\"}");
	}
	pthread_mutex_unlock(&f->lock);
}

struct fake_mlflow *fake_mlflow_start(void)
{
	struct fake_mlflow *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	pthread_mutex_init(&f->lock, NULL);
	f->experiments = json_pack("[{s:s, s:s, s:s}]", "experiment_id", "0", "name", "Default",
				   "lifecycle_stage", "active");
	f->runs = json_array();
	f->artifacts = json_object();
	f->contents = json_object();
	f->http = fake_http_start(handle, f);
	if (!f->http)
		abort();
	f->port = fake_http_port(f->http);
	snprintf(f->url, sizeof(f->url), "%s", fake_http_url(f->http));
	return f;
}

void fake_mlflow_stop(struct fake_mlflow *f)
{
	if (!f)
		return;
	fake_http_stop(f->http);
	json_decref(f->experiments);
	json_decref(f->runs);
	json_decref(f->artifacts);
	json_decref(f->contents);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

const char *fake_mlflow_url(const struct fake_mlflow *f)
{
	return f->url;
}

void fake_mlflow_down(struct fake_mlflow *f)
{
	fake_http_stop(TAKE(f->http));
}

bool fake_mlflow_up(struct fake_mlflow *f)
{
	f->http = fake_http_start_at(f->port, handle, f);
	return f->http != NULL;
}

void fake_mlflow_wait_closed(struct fake_mlflow *f)
{
	fake_http_wait_closed(f->http);
}

void fake_mlflow_arm(struct fake_mlflow *f, const struct mlflow_fault *fault)
{
	pthread_mutex_lock(&f->lock);
	f->armed = fault != NULL;
	f->fault = fault ? *fault : (struct mlflow_fault){0};
	f->count = 0;
	pthread_mutex_unlock(&f->lock);
}

unsigned fake_mlflow_count(struct fake_mlflow *f)
{
	unsigned n;

	pthread_mutex_lock(&f->lock);
	n = f->count;
	pthread_mutex_unlock(&f->lock);
	return n;
}

json_t *fake_mlflow_runs(struct fake_mlflow *f)
{
	json_t *list = json_array();
	json_t *run;
	size_t i;

	pthread_mutex_lock(&f->lock);
	json_array_foreach (f->runs, i, run)
		if (is_active(run))
			json_array_append_new(list, json_deep_copy(run));
	pthread_mutex_unlock(&f->lock);
	return list;
}

long fake_mlflow_artifact(struct fake_mlflow *f, const char *path)
{
	long n;

	pthread_mutex_lock(&f->lock);
	n = (long)json_get_int(f->artifacts, path, -1);
	pthread_mutex_unlock(&f->lock);
	return n;
}
