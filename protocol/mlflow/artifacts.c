/* Artifacts through the server's proxy (mlflow-artifacts:). */
#include "protocol/mlflow/mlflow-int.h"

#include "base/limits.h"
#include "base/str.h"

#include <string.h>

#define SCHEME "mlflow-artifacts:"

static int unsupported(const char *artifact_uri, struct err *err)
{
	int n = (int)strcspn(artifact_uri, ":");
	int r = err_set(err, E_UNSUPPORTED,
			"this experiment keeps its artifacts at \"%.*s:\", which the tracking "
			"server does not serve",
			n, artifact_uri);

	err_set_hint(err,
		     "artifacts go through the server (mlflow-artifacts:): start mlflow server "
		     "with --artifacts-destination and make a new experiment");
	return r;
}

/*
 * The URL of `path` below artifact_uri.  mlflow-artifacts:/a/b is on the
 * tracking server, mlflow-artifacts://host:port/a/b on another one that
 * speaks the same scheme (http or https).
 */
static int artifact_url(const struct mlflow *m, const char *artifact_uri, const char *path,
			char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};
	const char *rest = artifact_uri + strlen(SCHEME);

	if (!str_starts(artifact_uri, SCHEME))
		return unsupported(artifact_uri, err);
	buf_init(&b, KIB(64));
	if (str_starts(rest, "//") && rest[2] != '/') {
		size_t n = strcspn(rest + 2, "/");

		buf_printf(&b, "%s://%.*s",
			   str_starts_ci(mlflow_uri(m), "https") ? "https" : "http", (int)n,
			   rest + 2);
		rest += 2 + n;
	} else {
		buf_put_str(&b, mlflow_uri(m));
	}
	rest += strspn(rest, "/");
	buf_put_str(&b, ARTIFACTS_API);
	http_escape(&b, rest, strlen(rest), "/");
	buf_put_u8(&b, '/');
	http_escape(&b, path, strlen(path), "/");
	*ret = buf_take_str(&b);
	return *ret ? 0 : buf_check(&b, "the artifact's path", err);
}

int mlflow_artifact_put(struct mlflow *m, const char *artifact_uri, const char *path,
			const struct http_source *source, struct cancel *cancel, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *url = NULL;
	struct http_request req = {.method = "PUT", .source = source, .cancel = cancel};
	int r = artifact_url(m, artifact_uri, path, &url, err);

	if (r < 0)
		return r;
	req.url = url;
	return mlflow_perform(m, &req, &res, err);
}

int mlflow_artifact_get(struct mlflow *m, const char *artifact_uri, const char *path,
			http_sink_fn *sink, void *sink_data, struct cancel *cancel, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *url = NULL;
	struct http_request req = {.method = "GET",
				   .sink = sink,
				   .sink_data = sink_data,
				   .cancel = cancel};
	int r = artifact_url(m, artifact_uri, path, &url, err);

	if (r < 0)
		return r;
	req.url = url;
	return mlflow_perform(m, &req, &res, err);
}

/* mlflow_get appends the last parameter. */
static int list_endpoint(const char *path, const char *page, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};

	buf_init(&b, KIB(64));
	buf_put_str(&b, "artifacts/list?path=");
	http_escape(&b, path ? path : "", path ? strlen(path) : 0, "/");
	if (page) {
		buf_put_str(&b, "&page_token=");
		http_escape(&b, page, strlen(page), "");
	}
	*ret = buf_take_str(&b);
	return *ret ? 0 : buf_check(&b, "the artifact's path", err);
}

static int add_page(struct mlflow *m, const char *endpoint, const char *run_id, json_t *files,
		    char **ret_next, struct cancel *cancel, struct err *err)
{
	json_auto_t *j = NULL;
	json_t *more;
	const char *next;
	int r = mlflow_get(m, endpoint, "run_id", run_id, cancel, &j, err);

	if (r < 0)
		return r;
	more = json_object_get(j, "files"); /* left out when there is none */
	if (more && json_array_extend(files, more) < 0)
		return err_set(err, E_PROTO, "MLflow's list of artifacts is not a list");
	next = json_get_str(j, "next_page_token", "");
	return str_replace(ret_next, *next ? next : NULL, err);
}

int mlflow_artifacts_list(struct mlflow *m, const char *run_id, const char *path,
			  struct cancel *cancel, json_t **ret, struct err *err)
{
	json_auto_t *files = json_array();
	_cleanup_free_ char *page = NULL;
	int r;

	if (!files)
		return err_nomem(err);
	do {
		_cleanup_free_ char *endpoint = NULL;

		r = list_endpoint(path, page, &endpoint, err);
		if (r < 0)
			return r;
		r = add_page(m, endpoint, run_id, files, &page, cancel, err);
	} while (r == 0 && page);
	if (r == 0)
		*ret = json_incref(files);
	return r;
}
