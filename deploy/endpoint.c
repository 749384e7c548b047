/* endpoint.json and its folder. */
#include "deploy/endpoint.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>

static void variant_release(struct endpoint_variant *v)
{
	free(v->name);
	free(v->model);
	free(v->run_id);
	free(v->experiment_id);
	*v = (struct endpoint_variant){0};
}

void endpoint_file_release(struct endpoint_file *e)
{
	for (size_t i = 0; i < e->n_variants; i++)
		variant_release(&e->variants[i]);
	free(e->variants);
	free(e->app);
	*e = (struct endpoint_file){0};
}

/* --- files --- */

static int all_folders(char **ret, struct err *err)
{
	return fs_place(PLACE_DATA, "endpoints", ret, err);
}

int endpoint_folder(const char *app, char **ret, struct err *err)
{
	_cleanup_free_ char *all = NULL;
	int r = all_folders(&all, err);

	if (r < 0)
		return r;
	*ret = str_fmt("%s/%s", all, app);
	return *ret ? 0 : err_nomem(err);
}

char *endpoint_service(const char *app)
{
	return str_fmt("endpoint:%s", app);
}

static int file_path(const char *app, char **ret, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	int r = endpoint_folder(app, &folder, err);

	if (r < 0)
		return r;
	*ret = str_fmt("%s/endpoint.json", folder);
	return *ret ? 0 : err_nomem(err);
}

int endpoint_read(const char *app, json_t **ret, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf b = {0};
	int r = file_path(app, &path, err);

	if (r < 0)
		return r;
	buf_init(&b, LIMIT_SMALL_FILE);
	r = fs_read(path, &b, err);
	if (r == E_NOTFOUND)
		return err_set(err, E_NOTFOUND, "there is no endpoint %s on this machine", app);
	return r < 0 ? r : json_parse((const char *)b.data, b.len, path, ret, err);
}

int endpoint_write(const char *app, const json_t *j, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *tmp = NULL;
	_cleanup_free_ char *text = json_text(j);
	int r = endpoint_folder(app, &folder, err);

	if (r == 0)
		r = file_path(app, &path, err);
	if (r == 0)
		r = fs_mkdir_p(folder, 0700, err);
	if (r < 0)
		return r;
	tmp = str_fmt("%s.new", path);
	if (!text || !tmp)
		return err_nomem(err);
	return fs_write_via(path, tmp, text, strlen(text), 0600, err);
}

int endpoint_remove_file(const char *app, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *tmp = NULL; /* of a write that was killed */
	int r = file_path(app, &path, err);

	if (r == 0 && !(tmp = str_fmt("%s.new", path)))
		r = err_nomem(err);
	if (r == 0)
		r = fs_remove_tree(tmp, err);
	return r < 0 ? r : fs_remove_tree(path, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Temporary files, and what is none of ours, have no endpoint.json in them. */
static int add_if_endpoint(struct strv *list, const char *app, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (app[0] == '.')
		return 0;
	r = file_path(app, &path, err);
	return r < 0 || !fs_exists(path) ? r : strv_add(list, app, err);
}

int endpoint_list(struct strv *ret, struct err *err)
{
	_cleanup_strv_ struct strv list = {0};
	_cleanup_free_ char *all = NULL;
	int r = all_folders(&all, err);
	DIR *d = r < 0 ? NULL : opendir(all);

	if (r == 0 && !d && errno != ENOENT)
		return err_set_errno(err, E_IO, errno, "%s", all);
	for (const struct dirent *e; r == 0 && d && (e = readdir(d));)
		r = add_if_endpoint(&list, e->d_name, err);
	if (d)
		(void)closedir(d);
	if (r < 0)
		return r;
	if (list.len)
		qsort(list.items, list.len, sizeof(*list.items), by_name);
	*ret = list;
	list = (struct strv){0};
	return 0;
}

/* --- the object --- */

static int parse_variant(const json_t *j, struct endpoint_variant *ret, struct err *err)
{
	struct endpoint_variant v = {0};
	const char *name, *model;
	json_error_t at;

	if (json_unpack_ex((json_t *)j, &at, 0, "{s:s, s:F, s:s}", "name", &name, "weight",
			   &v.weight, "model", &model) < 0)
		return err_set(err, E_INPUT, "a variant: %s", at.text);
	v.name = str_dup(name);
	v.model = str_dup(model);
	v.run_id = str_dup(json_get_str(j, "run_id", ""));
	v.experiment_id = str_dup(json_get_str(j, "experiment_id", ""));
	v.created = json_get_int(j, "created", 0);
	if (!v.name || !v.model || !v.run_id || !v.experiment_id) {
		variant_release(&v);
		return err_nomem(err);
	}
	*ret = v;
	return 0;
}

int endpoint_parse(const json_t *j, struct endpoint_file *ret, struct err *err)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	const json_t *list = json_object_get(j, "variants");

	e.app = str_dup(json_get_str(j, "app", ""));
	e.port = (int)json_get_int(j, "port", 0);
	e.variants = calloc(json_array_size(list) + 1, sizeof(*e.variants));
	if (!e.app || !e.variants)
		return err_nomem(err);
	if (!*e.app || !json_is_array(list) || e.port < 1 || e.port > 65535)
		return err_set(err, E_INPUT, "an endpoint.json without app, port or variants");
	for (size_t i = 0; i < json_array_size(list); i++) {
		int r = parse_variant(json_array_get(list, i), &e.variants[i], err);

		if (r < 0)
			return err_prefix(err, "the endpoint.json of %s", e.app);
		e.n_variants++;
	}
	*ret = e;
	e = (struct endpoint_file){0};
	return 0;
}

json_t *endpoint_json(const struct endpoint_file *e)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < e->n_variants; i++) {
		const struct endpoint_variant *v = &e->variants[i];
		json_t *one = json_pack("{s:s, s:f, s:s, s:s, s:s, s:I}", "name", v->name, "weight",
					v->weight, "model", v->model, "run_id", v->run_id,
					"experiment_id", v->experiment_id, "created",
					(json_int_t)v->created);

		if (json_array_append_new(list, one) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return json_pack("{s:s, s:i, s:o}", "app", e->app, "port", e->port, "variants", list);
}

/* --- ports --- */

static int ports_in_use(bool *used, size_t n, int first, struct err *err)
{
	_cleanup_strv_ struct strv apps = {0};
	int r = endpoint_list(&apps, err);

	for (size_t i = 0; r == 0 && i < apps.len; i++) {
		json_auto_t *j = NULL;
		json_int_t port;

		if (endpoint_read(apps.items[i], &j, /* err= */ NULL) < 0)
			continue; /* removed meanwhile, or damaged: names no port */
		port = json_get_int(j, "port", 0) - first;
		if (port >= 0 && port < (json_int_t)n)
			used[port] = true;
	}
	return r;
}

int endpoint_pick_port(int first, int *ret, struct err *err)
{
	bool used[1000] = {false};
	int r = ports_in_use(used, ARRAY_LEN(used), first, err);

	if (r < 0)
		return r;
	for (int i = 0; i < (int)ARRAY_LEN(used) && first + i <= 65535; i++) {
		if (!used[i]) {
			*ret = first + i;
			return 0;
		}
	}
	err_set(err, E_TOOBIG, "every port from %d on belongs to an endpoint", first);
	err_set_hint(err, "undeploy some of them, or change the setting endpoint.port");
	return E_TOOBIG;
}

/* --- edits --- */

int endpoint_add_variant(struct endpoint_file *e, const struct endpoint_variant *v, struct err *err)
{
	struct endpoint_variant copy = *v, *items;

	if (e->n_variants >= ENDPOINT_VARIANTS_MAX) {
		err_set(err, E_TOOBIG, "%s has %zu variants already", e->app, e->n_variants);
		err_set_hint(err, "replace them: --mode replace");
		return E_TOOBIG;
	}
	items = realloc(e->variants, (e->n_variants + 1) * sizeof(*items));
	if (!items)
		return err_nomem(err);
	e->variants = items;
	copy.name = str_dup(v->name);
	copy.model = str_dup(v->model);
	copy.run_id = str_dup(v->run_id);
	copy.experiment_id = str_dup(v->experiment_id);
	items[e->n_variants++] = copy;
	return copy.name && copy.model && copy.run_id && copy.experiment_id ? 0 : err_nomem(err);
}

struct endpoint_variant *endpoint_find_variant(const struct endpoint_file *e, const char *name)
{
	for (size_t i = 0; i < e->n_variants; i++)
		if (str_eq(e->variants[i].name, name))
			return &e->variants[i];
	return NULL;
}

struct endpoint_variant *endpoint_newest_variant(const struct endpoint_file *e)
{
	struct endpoint_variant *newest = NULL;

	for (size_t i = 0; i < e->n_variants; i++)
		if (!newest || e->variants[i].created >= newest->created)
			newest = &e->variants[i];
	return newest;
}

void endpoint_drop_variant(struct endpoint_file *e, struct endpoint_variant *v)
{
	size_t behind = e->n_variants - 1 - (size_t)(v - e->variants);

	variant_release(v);
	memmove(v, v + 1, behind * sizeof(*v));
	e->n_variants--;
}

void endpoint_keep_only(struct endpoint_file *e, const struct endpoint_variant *v)
{
	size_t kept = (size_t)(v - e->variants);
	struct endpoint_variant only = e->variants[kept];

	e->variants[kept] = (struct endpoint_variant){0};
	for (size_t i = 0; i < e->n_variants; i++)
		variant_release(&e->variants[i]);
	e->variants[0] = only;
	e->n_variants = 1;
}

void endpoint_shift(struct endpoint_file *e, struct endpoint_variant *v, double percent)
{
	double sum = 0, rest = 100 - percent;

	for (size_t i = 0; i < e->n_variants; i++)
		sum += &e->variants[i] == v ? 0 : e->variants[i].weight;
	for (size_t i = 0; i < e->n_variants; i++) {
		struct endpoint_variant *other = &e->variants[i];

		if (other == v)
			other->weight = percent;
		else if (sum > 0)
			other->weight = other->weight / sum * rest;
		else
			other->weight = rest / (double)(e->n_variants - 1);
	}
}
