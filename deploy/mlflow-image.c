/* A build folder for MLflow's image. */
#include "deploy/mlflow-image.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PYTHON_DEFAULT "3.11"
#define VERSION_CHARS "0123456789."

/* --- fetching ---------------------------------------------------------------------------- */

struct fetching {
	struct mlflow *m;
	const struct package_info *info;
	const char *folder;
	struct cancel *cancel;
	size_t files;
	int64_t bytes;
};

struct sink {
	int fd;
	int64_t n;
};

static int write_chunk(void *userdata, const void *p, size_t n, struct err *err)
{
	struct sink *s = userdata;

	s->n += (int64_t)n;
	return fs_write_all(s->fd, p, n, err);
}

/* What the server says is no path of ours before it was looked at. */
static bool stays_within(const char *path)
{
	for (const char *part = path; *part;) {
		size_t n = strcspn(part, "/");

		if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && str_starts(part, "..")))
			return false;
		part += n + (part[n] == '/');
	}
	return *path != '\0';
}

static int fetch_file(struct fetching *f, const char *path, const char *to, struct err *err)
{
	_cleanup_close_ int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct sink sink = {.fd = fd};
	int r;

	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", to);
	if (++f->files > LIMIT_MODEL_FILES)
		return err_set(err, E_TOOBIG, "the model has more than %u files",
			       LIMIT_MODEL_FILES);
	r = mlflow_artifact_get(f->m, f->info->artifact_uri, path, write_chunk, &sink, f->cancel,
				err);
	f->bytes += sink.n;
	return r < 0 ? err_prefix(err, "%s of run %s", path, f->info->run_id) : 0;
}

static int fetch_folder(struct fetching *f, const char *path, struct err *err);

static int fetch_entry(struct fetching *f, const json_t *entry, struct err *err)
{
	const char *path = json_get_str(entry, "path", "");
	size_t root = strlen(f->info->model_folder);
	_cleanup_free_ char *to = NULL;

	if (!stays_within(path) || !str_starts(path, f->info->model_folder) || path[root] != '/')
		return err_set(err, E_INPUT, "run %s has an artifact of the name \"%.200s\"",
			       f->info->run_id, path);
	if (json_get_bool(entry, "is_dir", false))
		return fetch_folder(f, path, err);
	to = str_fmt("%s/model%s", f->folder, path + root);
	return to ? fetch_file(f, path, to, err) : err_nomem(err);
}

static int fetch_folder(struct fetching *f, const char *path, struct err *err)
{
	_cleanup_free_ char *to =
		str_fmt("%s/model%s", f->folder, path + strlen(f->info->model_folder));
	json_auto_t *files = NULL;
	json_t *entry;
	size_t i;
	int r = to ? fs_mkdir_p(to, 0700, err) : err_nomem(err);

	if (r == 0)
		r = mlflow_artifacts_list(f->m, f->info->run_id, path, f->cancel, &files, err);
	if (r < 0)
		return r;
	json_array_foreach (files, i, entry) {
		r = fetch_entry(f, entry, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int mlflow_image_fetch(struct mlflow *m, const struct package_info *info, const char *folder,
		       struct cancel *cancel, int64_t *ret_bytes, struct err *err)
{
	struct fetching f = {.m = m, .info = info, .folder = folder, .cancel = cancel};
	int r = fetch_folder(&f, info->model_folder, err);

	*ret_bytes = f.bytes;
	return r;
}

/* --- the Dockerfile ---------------------------------------------------------------------- */

static int read_text(const char *folder, const char *name, char **ret, struct err *err)
{
	_cleanup_free_ char *path = str_fmt("%s/model/%s", folder, name);
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	r = path ? fs_read(path, &b, err) : err_nomem(err);
	if (r < 0)
		return r;
	buf_put_u8(&b, '\0');
	*ret = buf_take_str(&b);
	return *ret ? 0 : err_nomem(err);
}

/* The version behind "key:" at a line's begin (YAML, maybe quoted); else the fallback.  New. */
static char *version_in(const char *text, const char *key, const char *fallback)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (str_starts(line, key) && line[n] == ':') {
			const char *v = line + n + 1 + strspn(line + n + 1, " '\"");
			size_t len = strspn(v, VERSION_CHARS);

			return len ? str_ndup(v, len) : str_dup(fallback);
		}
		if (!*line)
			break;
	}
	return str_dup(fallback);
}

/* The Java of the base's distribution: Spark 4 needs 17 or later. */
static const char java_lines[] =
	"RUN apt-get update \\\n"
	" && apt-get install --yes --no-install-recommends default-jre-headless procps \\\n"
	" && rm -rf /var/lib/apt/lists/*\n";

/* SageMaker gives the argument "serve", which says nothing new. */
static const char serve_script[] =
	"#!/bin/sh\n"
	"exec mlflow models serve --model-uri /opt/splice/model --env-manager local \\\n"
	"\t--host 0.0.0.0 --port \"${SPLICE_PORT:-8080}\" --workers 1 --timeout 60\n";

static int dockerfile(const char *folder, const char *base, char **ret, struct err *err)
{
	_cleanup_free_ char *model = NULL, *python = NULL, *mlflow = NULL, *environment = NULL;
	_cleanup_free_ char *from = NULL;
	int r = read_text(folder, "MLmodel", &model, err);

	if (r < 0)
		return r;
	/* Old models have none. */
	(void)read_text(folder, "python_env.yaml", &environment, /* err= */ NULL);
	python = version_in(environment ? environment : "", "python", PYTHON_DEFAULT);
	mlflow = version_in(model, "mlflow_version", "");
	from = base && *base ? str_dup(base)
			     : str_fmt("docker.io/library/python:%s-slim", python ? python : "");
	if (!python || !mlflow || !from)
		return err_nomem(err);
	/* An argument that is declared reaches pip as its setting. */
	*ret = str_fmt("FROM %s\n"
		       "ARG PIP_INDEX_URL\n"
		       "ARG PIP_EXTRA_INDEX_URL\n"
		       "ARG PIP_TRUSTED_HOST\n"
		       "%s"
		       "COPY model/requirements.txt /opt/splice/requirements.txt\n"
		       "RUN pip install --no-cache-dir --requirement /opt/splice/requirements.txt "
		       "'mlflow%s%s'\n"
		       "COPY serve /opt/splice/serve\n"
		       "COPY model /opt/splice/model\n"
		       "ENV HOME=/tmp MLFLOW_TRACKING_URI=file:///tmp/mlruns\n"
		       "EXPOSE 8080\n"
		       "ENTRYPOINT [\"/opt/splice/serve\"]\n",
		       from, strstr(model, "\n  spark:") ? java_lines : "", *mlflow ? "==" : "",
		       mlflow);
	return *ret ? 0 : err_nomem(err);
}

static int write_file(const char *folder, const char *name, const char *text, mode_t mode,
		      struct err *err)
{
	_cleanup_free_ char *path = str_fmt("%s/%s", folder, name);

	return path ? fs_write_atomic(path, text, strlen(text), mode, err) : err_nomem(err);
}

/* Models without a list of packages need MLflow alone. */
static int make_requirements(const char *folder, struct err *err)
{
	_cleanup_free_ char *path = str_fmt("%s/model/requirements.txt", folder);

	if (!path)
		return err_nomem(err);
	return access(path, F_OK) == 0 ? 0 : fs_write_atomic(path, "", 0, 0644, err);
}

int mlflow_image_write(const char *folder, const char *base, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = dockerfile(folder, base, &text, err);

	if (r == 0)
		r = make_requirements(folder, err);
	if (r == 0)
		r = write_file(folder, "serve", serve_script, 0755, err);
	return r < 0 ? r : write_file(folder, "Dockerfile", text, 0644, err);
}
