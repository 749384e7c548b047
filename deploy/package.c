/* A run's files for a deployment. */
#include "deploy/package.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>

#define MODEL "splice/model.json"
#define SAMPLE "splice/sample.json"
#define UNSUPPORTED "splice/unsupported.json"

void package_info_release(struct package_info *info)
{
	free(info->run_id);
	free(info->run_name);
	free(info->experiment_id);
	free(info->artifact_uri);
	free(info->unsupported);
	free(info->model_folder);
	free(info->flavour);
	*info = (struct package_info){0};
}

/* --- the run --- */

static int no_run(const struct mlflow *m, const char *id, struct err *err)
{
	err_set(err, E_NOTFOUND, "there is no run %s at %s", id, mlflow_uri(m));
	err_set_hint(err, "copy the id from the run's page in MLflow");
	return E_NOTFOUND;
}

static int check_run(const struct mlflow_run *run, const struct request *q, struct err *err)
{
	if (run->deleted) {
		err_set(err, E_INPUT, "run %s is deleted", run->id);
		err_set_hint(err, "restore it in MLflow first");
		return E_INPUT;
	}
	if (*q->experiment_id && !str_eq(q->experiment_id, run->experiment_id)) {
		err_set(err, E_INPUT, "run %s belongs to experiment %s, not %s", run->id,
			run->experiment_id, q->experiment_id);
		err_set_hint(err, "leave the experiment's id empty, or correct it");
		return E_INPUT;
	}
	return 0;
}

static int look_at_run(struct mlflow *m, const struct request *q, struct cancel *cancel,
		       struct package_info *info, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	int r = mlflow_run_get(m, q->run_id, cancel, &run, err);

	if (r == E_NOTFOUND)
		return no_run(m, q->run_id, err);
	if (r == 0)
		r = check_run(&run, q, err);
	if (r < 0)
		return r;
	info->run_id = TAKE(run.id);
	info->run_name = TAKE(run.name);
	info->experiment_id = TAKE(run.experiment_id);
	info->artifact_uri = TAKE(run.artifact_uri);
	return 0;
}

/* --- small files --- */

static int put_chunk(void *userdata, const void *p, size_t n, struct err *err)
{
	struct buf *b = userdata;

	buf_put(b, p, n);
	return buf_check(b, "the file", err);
}

static int get_small(struct mlflow *m, const struct package_info *info, const char *path,
		     struct cancel *cancel, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	r = mlflow_artifact_get(m, info->artifact_uri, path, put_chunk, &b, cancel, err);
	if (r < 0)
		return err_prefix(err, "%s of run %s", path, info->run_id);
	buf_put_u8(&b, '\0');
	*ret = buf_take_str(&b);
	return *ret ? 0 : err_nomem(err);
}

/* "Word2Vec (w2v_1): why; …" */
static int read_unsupported(const char *text, char **ret, struct err *err)
{
	json_auto_t *j = NULL;
	_cleanup_buf_ struct buf b = {0};
	json_t *stage;
	size_t i;
	int r = json_parse(text, strlen(text), UNSUPPORTED, &j, err);

	if (r < 0)
		return r;
	buf_init(&b, LIMIT_SMALL_FILE);
	json_array_foreach (json_object_get(j, "stages"), i, stage)
		buf_printf(&b, "%s%s (%s): %s", i ? "; " : "", json_get_str(stage, "kind", "?"),
			   json_get_str(stage, "uid", "?"),
			   json_get_str(stage, "reason", "not known"));
	if (!b.len)
		buf_put_str(&b, "the run does not say which");
	*ret = buf_take_str(&b);
	return *ret ? 0 : buf_check(&b, UNSUPPORTED, err);
}

/* --- other flavours --- */

/* The first word below "flavors:" in an MLmodel file (YAML) that is not python_function. */
static void find_flavour(const char *text, char *dst, size_t size)
{
	const char *line = strstr(text, "flavors:");

	snprintf(dst, size, "unknown");
	for (line = line ? strchr(line, '\n') : NULL; line; line = strchr(line + 1, '\n')) {
		size_t n;

		if (!str_starts(line, "\n  "))
			break;
		if (!str_is_word(line[3]))
			continue; /* deeper */
		n = strcspn(line + 3, ":\n");
		if (n == strlen("python_function") && str_starts(line + 3, "python_function"))
			continue;
		snprintf(dst, size, "%.*s", (int)n, line + 3);
		return;
	}
}

/* 1 when the folder is a model's. */
static int other_flavour(struct mlflow *m, struct package_info *info, const char *folder,
			 struct cancel *cancel, struct err *err)
{
	_cleanup_free_ char *path = str_fmt("%s/MLmodel", folder);
	_cleanup_free_ char *text = NULL;
	char flavour[64];

	if (!path)
		return err_nomem(err);
	if (get_small(m, info, path, cancel, &text, /* err= */ NULL) < 0)
		return 0; /* just a folder */
	find_flavour(text, flavour, sizeof(flavour));
	info->flavour = str_dup(flavour);
	info->model_folder = str_dup(folder);
	return info->flavour && info->model_folder ? 1 : err_nomem(err);
}

static int look_elsewhere(struct mlflow *m, struct package_info *info, const json_t *files,
			  struct cancel *cancel, struct err *err)
{
	json_t *file;
	size_t i;

	json_array_foreach ((json_t *)files, i, file) {
		const char *path = json_get_str(file, "path", "");
		int r = json_get_bool(file, "is_dir", false)
				? other_flavour(m, info, path, cancel, err)
				: 0;

		if (r != 0)
			return r < 0 ? r : 0;
	}
	err_set(err, E_NOTFOUND, "run %s has no model", info->run_id);
	err_set_hint(err, "log one in that run: manager.log_spark_model(model)");
	return E_NOTFOUND;
}

/* --- the look --- */

static bool has_path(const json_t *files, const char *path, int64_t *ret_size)
{
	json_t *file;
	size_t i;

	json_array_foreach ((json_t *)files, i, file) {
		if (!str_eq(json_get_str(file, "path", ""), path))
			continue;
		if (ret_size)
			*ret_size = json_get_int(file, "file_size", 0);
		return true;
	}
	return false;
}

static int look_at_splice(struct mlflow *m, struct package_info *info, struct cancel *cancel,
			  struct err *err)
{
	json_auto_t *files = NULL;
	_cleanup_free_ char *text = NULL;
	int r = mlflow_artifacts_list(m, info->run_id, "splice", cancel, &files, err);

	if (r == 0)
		info->has_sample = has_path(files, SAMPLE, /* ret_size= */ NULL);
	/* Another flavour has no model file of ours. */
	if (r < 0 || info->flavour)
		return r;
	r = str_replace(&info->model_folder, "spark_model", err);
	if (r < 0)
		return r;
	info->has_model = has_path(files, MODEL, &info->model_bytes);
	if (info->has_model)
		return 0;
	if (has_path(files, UNSUPPORTED, /* ret_size= */ NULL)) {
		r = get_small(m, info, UNSUPPORTED, cancel, &text, err);
		return r < 0 ? r : read_unsupported(text, &info->unsupported, err);
	}
	err_set(err, E_NOTFOUND, "the model of run %s was logged without " MODEL, info->run_id);
	err_set_hint(err, "log it again with log_spark_model of this version");
	return E_NOTFOUND;
}

int package_look(struct mlflow *m, const struct request *q, struct cancel *cancel,
		 struct package_info *ret, struct err *err)
{
	_cleanup_package_info_ struct package_info info = {0};
	json_auto_t *files = NULL;
	int r = look_at_run(m, q, cancel, &info, err);

	if (r == 0)
		r = mlflow_artifacts_list(m, info.run_id, /* path= */ NULL, cancel, &files, err);
	if (r == 0 && !has_path(files, "spark_model", NULL))
		r = look_elsewhere(m, &info, files, cancel, err);
	if (r == 0)
		r = look_at_splice(m, &info, cancel, err);
	if (r < 0)
		return r;
	*ret = info;
	info = (struct package_info){0};
	return 0;
}

int package_check_native(const struct package_info *info, struct err *err)
{
	if (info->has_model)
		return 0;
	if (info->flavour) {
		err_set(err, E_UNSUPPORTED,
			"run %s has no Spark model, but a model of flavour %s in \"%s\"",
			info->run_id, info->flavour, info->model_folder);
		err_set_hint(err, "log a fitted Spark pipeline with log_spark_model; the target "
				  "sagemaker takes other models in MLflow's image");
		return E_UNSUPPORTED;
	}
	err_set(err, E_UNSUPPORTED, "splice-scorer cannot serve stages of run %s: %s", info->run_id,
		info->unsupported ? info->unsupported : "unknown ones");
	err_set_hint(err,
		     "leave these stages out of the pipeline; the target sagemaker takes it in "
		     "MLflow's image; on this machine: mlflow models serve -m runs:/%s/spark_model",
		     info->run_id);
	return E_UNSUPPORTED;
}

/* --- fetching --- */

struct file_sink {
	int fd;
	size_t n, max;
};

static int write_chunk(void *userdata, const void *p, size_t n, struct err *err)
{
	struct file_sink *s = userdata;

	s->n += n;
	if (s->n > s->max)
		return err_set(err, E_TOOBIG, "is larger than %zu MiB", s->max >> 20);
	return fs_write_all(s->fd, p, n, err);
}

static int fetch(struct mlflow *m, const struct package_info *info, const char *path,
		 const char *folder, struct cancel *cancel, int64_t *bytes, struct err *err)
{
	_cleanup_free_ char *to = str_fmt("%s/%s", folder, strrchr(path, '/') + 1);
	_cleanup_close_ int fd = -1;
	struct file_sink sink = {.max = LIMIT_SCORER_MODEL};
	int r;

	if (!to)
		return err_nomem(err);
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", to);
	sink.fd = fd;
	r = mlflow_artifact_get(m, info->artifact_uri, path, write_chunk, &sink, cancel, err);
	if (r == 0 && fsync(fd) < 0)
		r = err_set_errno(err, E_IO, errno, "%s", to);
	if (r < 0)
		return err_prefix(err, "%s of run %s", path, info->run_id);
	*bytes += (int64_t)sink.n;
	return 0;
}

int package_fetch_sample(struct mlflow *m, const struct package_info *info, const char *folder,
			 struct cancel *cancel, struct err *err)
{
	int64_t bytes = 0;
	int r = fs_mkdir_p(folder, 0700, err);

	return r < 0 || !info->has_sample ? r : fetch(m, info, SAMPLE, folder, cancel, &bytes, err);
}

int package_fetch(struct mlflow *m, const struct package_info *info, const char *folder,
		  struct cancel *cancel, int64_t *ret_bytes, struct err *err)
{
	int64_t bytes = 0;
	int r = fs_mkdir_p(folder, 0700, err);

	if (r == 0)
		r = fetch(m, info, MODEL, folder, cancel, &bytes, err);
	if (r == 0 && info->has_sample)
		r = fetch(m, info, SAMPLE, folder, cancel, &bytes, err);
	if (r == 0)
		*ret_bytes = bytes;
	return r;
}
