/*
 * The local tracking server: MLflow on SQLite, one worker, artifacts served by
 * it from a folder.  Without job execution and telemetry it is two processes
 * instead of fifteen.
 */
#include "manager/def.h"

#include "base/fs.h"
#include "manager/probe.h"

static int prepare(struct service_site *site, struct err *err)
{
	_cleanup_free_ char *artifacts = str_fmt("%s/artifacts", site->data);

	return artifacts ? fs_mkdir_p(artifacts, 0700, err) : err_nomem(err);
}

static int find_python(char **ret, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int r = fs_place(PLACE_LIB, "python/bin/python", &path, err);

	if (r < 0)
		return r;
	if (access(path, X_OK) < 0) {
		r = err_set(err, E_NOTFOUND, "MLflow is not installed: there is no %s", path);
		err_set_hint(err, "run install.sh, or set SPLICE_LIB_DIR");
		return r;
	}
	*ret = TAKE(path);
	return 0;
}

static int add_environment(struct strv *env, struct err *err)
{
	/* The user's shell may point Python and MLflow elsewhere; empty counts as unset. */
	static const char *const settings[] = {
		"MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false",
		"MLFLOW_DISABLE_TELEMETRY=true",
		"MLFLOW_TRACKING_URI=",
		"PYTHONHOME=",
		"PYTHONPATH=",
		"PYTHONNOUSERSITE=1",
		"PYTHONUNBUFFERED=1",
	};

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		int r = strv_add(env, settings[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_option(struct strv *argv, const char *name, char *value, struct err *err)
{
	int r = strv_add(argv, name, err);

	if (r == 0)
		return strv_take(argv, value, err);
	free(value);
	return r;
}

static int command(const struct service_site *site, struct strv *argv, struct strv *env,
		   struct err *err)
{
	_cleanup_free_ char *python = NULL;
	int r = find_python(&python, err);

	if (r == 0)
		r = strv_add(argv, python, err);
	if (r == 0)
		r = add_option(argv, "-m", str_dup("mlflow"), err);
	if (r == 0)
		r = strv_add(argv, "server", err);
	if (r == 0)
		r = add_option(argv, "--backend-store-uri",
			       str_fmt("sqlite:///%s/mlflow.db", site->data), err);
	if (r == 0)
		r = add_option(argv, "--artifacts-destination", str_fmt("%s/artifacts", site->data),
			       err);
	if (r == 0)
		r = add_option(argv, "--host", str_dup("127.0.0.1"), err);
	if (r == 0)
		r = add_option(argv, "--port", str_fmt("%d", site->port), err);
	if (r == 0)
		r = add_option(argv, "--workers", str_dup("1"), err);
	/* A line a request would fill the disk. */
	if (r == 0)
		r = add_option(argv, "--uvicorn-opts", str_dup("--log-level warning"), err);
	return r < 0 ? r : add_environment(env, err);
}

static void ask(const struct service_site *site, struct buf *b)
{
	buf_printf(b, "GET /health HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n", site->port);
}

static bool answers(const uint8_t *reply, size_t n)
{
	return probe_is_http(reply, n, 200);
}

static char *url(const struct service_site *site)
{
	return str_fmt("http://127.0.0.1:%d", site->port);
}

const struct service_def mlflow_def = {
	.name = "mlflow",
	.title = "MLflow",
	.port_setting = "mlflow.port",
	.page = true,
	.advice = "`splice-manager logs mlflow` shows more",
	.start_ms = 180000,
	.stop_ms = 8000,
	.prepare = prepare,
	.command = command,
	.ask = ask,
	.answers = answers,
	.url = url,
};
