/* Variants and their models. */
#include "scorer/endpoint.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"

#include <math.h>

enum { VARIANTS_MAX = 64, NAME_MAX_LENGTH = 63, WEIGHT_MAX = 1000000000 };

/* --- reading --- */

static struct endpoint *endpoint_new(size_t n_variants)
{
	struct endpoint *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	atomic_init(&e->references, 1);
	e->variants = calloc(n_variants, sizeof(*e->variants));
	if (!e->variants) {
		free(e);
		return NULL;
	}
	return e;
}

/* The next variant, of which there is room. */
static int add_variant(struct endpoint *e, const char *name, double weight, const char *path,
		       struct metrics *metrics, struct err *err)
{
	struct variant *v = &e->variants[e->n_variants];
	int r;

	(void)pthread_mutex_init(&v->lock, NULL);
	e->n_variants++;
	v->weight = weight;
	e->total_weight += weight;
	r = str_replace(&v->name, name, err);
	if (r == 0)
		r = model_load(path, &v->model, err);
	if (r < 0)
		return r;
	v->metrics = metrics_of(metrics, name);
	return v->metrics ? 0 : err_nomem(err);
}

int endpoint_of_model(const char *path, struct metrics *metrics, struct endpoint **ret,
		      struct err *err)
{
	_cleanup_(endpoint_unrefp) struct endpoint *e = endpoint_new(1);
	int r;

	if (!e)
		return err_nomem(err);
	r = add_variant(e, "default", 1, path, metrics, err);
	if (r < 0)
		return r;
	*ret = TAKE(e);
	return 0;
}

/* [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62} */
static bool is_variant_name(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > NAME_MAX_LENGTH || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (; *s; s++)
		if (!str_is_alpha(*s) && !str_is_digit(*s) && *s != '-')
			return false;
	return true;
}

static int load_variant(struct endpoint *e, const char *folder, json_t *j, struct metrics *metrics,
			struct err *err)
{
	const char *name, *file;
	_cleanup_free_ char *path = NULL;
	double weight;
	json_error_t at;

	if (json_unpack_ex(j, &at, 0, "{s:s, s:F, s:s}", "name", &name, "weight", &weight, "model",
			   &file) < 0)
		return err_set(err, E_INPUT, "variant %zu: %s", e->n_variants + 1, at.text);
	if (!is_variant_name(name))
		return err_set(err, E_INPUT, "\"%.80s\" is no name of a variant", name);
	if (endpoint_find(e, name))
		return err_set(err, E_INPUT, "there are two variants \"%s\"", name);
	if (!(weight >= 0 && weight <= WEIGHT_MAX))
		return err_set(err, E_INPUT, "variant \"%s\": the weight is not a number from 0 on",
			       name);
	path = *file == '/' ? str_dup(file) : str_fmt("%s/%s", folder, file);
	if (!path)
		return err_nomem(err);
	return add_variant(e, name, weight, path, metrics, err) < 0
		       ? err_prefix(err, "variant \"%s\"", name)
		       : 0;
}

static int load_variants(const char *folder, const json_t *j, struct metrics *metrics,
			 struct endpoint **ret, struct err *err)
{
	const json_t *list = json_object_get(j, "variants");
	_cleanup_(endpoint_unrefp) struct endpoint *e = NULL;
	size_t n = json_array_size(list);
	int r = 0;

	if (!json_is_array(list) || n == 0 || n > VARIANTS_MAX)
		return err_set(err, E_INPUT, "\"variants\" is no list of 1 to %d variants",
			       VARIANTS_MAX);
	e = endpoint_new(n);
	if (!e)
		return err_nomem(err);
	e->port = (int)json_get_int(j, "port", 0);
	if (e->port < 0 || e->port > 65535)
		return err_set(err, E_INPUT, "\"port\" is no port");
	for (size_t i = 0; r == 0 && i < n; i++)
		r = load_variant(e, folder, json_array_get(list, i), metrics, err);
	if (r == 0)
		*ret = TAKE(e);
	return r;
}

int endpoint_of_folder(const char *folder, struct metrics *metrics, struct endpoint **ret,
		       struct err *err)
{
	_cleanup_free_ char *path = str_fmt("%s/endpoint.json", folder);
	_cleanup_buf_ struct buf b = {0};
	json_auto_t *j = NULL;
	int r;

	if (!path)
		return err_nomem(err);
	buf_init(&b, LIMIT_SMALL_FILE);
	r = fs_read(path, &b, err);
	if (r < 0)
		return r;
	r = json_parse((const char *)b.data, b.len, "the file", &j, err);
	if (r == 0)
		r = load_variants(folder, j, metrics, ret, err);
	return r < 0 ? err_prefix(err, "%s", path) : 0;
}

/* --- life --- */

struct endpoint *endpoint_ref(struct endpoint *e)
{
	atomic_fetch_add(&e->references, 1);
	return e;
}

static void variant_release(struct variant *v)
{
	for (size_t i = 0; i < v->n_batches; i++)
		batch_free(v->batches[i]);
	free(v->batches);
	free(v->name);
	model_free(v->model);
	(void)pthread_mutex_destroy(&v->lock);
}

void endpoint_unref(struct endpoint *e)
{
	if (!e || atomic_fetch_sub(&e->references, 1) != 1)
		return;
	for (size_t i = 0; i < e->n_variants; i++)
		variant_release(&e->variants[i]);
	free(e->variants);
	free(e);
}

/* --- choosing --- */

struct variant *endpoint_choose(struct endpoint *e)
{
	/* Multiples of the golden ratio, modulo 1, fill the unit interval evenly. */
	unsigned long turn = atomic_fetch_add(&e->turn, 1);
	double at = fmod((double)(turn & 0xFFFFFFFF) * 0.6180339887498949, 1) * e->total_weight;
	struct variant *last = NULL;

	for (size_t i = 0; i < e->n_variants; i++) {
		struct variant *v = &e->variants[i];

		if (v->weight == 0)
			continue;
		last = v;
		at -= v->weight;
		if (at < 0)
			break;
	}
	return last;
}

struct variant *endpoint_find(struct endpoint *e, const char *name)
{
	for (size_t i = 0; i < e->n_variants; i++)
		if (str_eq(e->variants[i].name, name))
			return &e->variants[i];
	return NULL;
}

/* --- batches --- */

int variant_take_batch(struct variant *v, struct batch **ret, struct err *err)
{
	struct batch *b = NULL;

	(void)pthread_mutex_lock(&v->lock);
	if (v->n_batches)
		b = v->batches[--v->n_batches];
	(void)pthread_mutex_unlock(&v->lock);
	if (!b)
		return model_batch_new(v->model, ret, err);
	*ret = b;
	return 0;
}

static bool keep(struct variant *v, struct batch *b)
{
	if (v->n_batches == v->batches_room) {
		size_t room = v->batches_room ? 2 * v->batches_room : 8;
		struct batch **batches = reallocarray(v->batches, room, sizeof(struct batch *));

		if (!batches)
			return false;
		v->batches = batches;
		v->batches_room = room;
	}
	v->batches[v->n_batches++] = b;
	return true;
}

void variant_give_batch(struct variant *v, struct batch *b)
{
	bool kept;

	(void)pthread_mutex_lock(&v->lock);
	kept = keep(v, b);
	(void)pthread_mutex_unlock(&v->lock);
	if (!kept)
		batch_free(b);
}
