/* The endpoint: watched while it changes, led to another configuration or other weights. */
#include "deploy/sagemaker-int.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/str.h"

enum { SAY_MS = 60000 };

struct watch {
	int64_t end, said;
	enum sagemaker_status status;
};

static void watch_begin(struct step_context *c, struct watch *w)
{
	*w = (struct watch){.end = clock_ms() + target_of(c)->o.timeout_ms,
			    .said = clock_ms(),
			    .status = SAGEMAKER_UNKNOWN};
}

/* Say a new state, or now and then that it lasts; then sleep until the next look. */
static int watch_sleep(struct step_context *c, struct watch *w, enum sagemaker_status status,
		       struct err *err)
{
	const struct sagemaker_options *o = &target_of(c)->o;
	int64_t now = clock_ms();

	if (now >= w->end) {
		int r = err_set(err, E_TIMEOUT, "the endpoint %s is still %s after %d min",
				target_of(c)->local.request->app, sagemaker_status_name(status),
				o->timeout_ms / 60000);

		err_set_hint(err, "look at the endpoint in the SageMaker console and at its log "
				  "group /aws/sagemaker/Endpoints");
		return r;
	}
	if (status != w->status || now - w->said >= SAY_MS) {
		step_say(c, "the endpoint is %s", sagemaker_status_name(status));
		w->said = now;
	}
	w->status = status;
	return backoff_sleep(o->poll_ms, c->cancel, err);
}

int endpoint_settle(struct step_context *c, struct sagemaker_endpoint *ret, bool *ret_waited,
		    struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	struct watch w;

	watch_begin(c, &w);
	for (;;) {
		_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
		int r = sagemaker_describe_endpoint(t->aws, t->local.request->app, c->cancel, &e,
						    err);

		if (r == 0 && !sagemaker_status_passes(e.status)) {
			*ret = e;
			e = (struct sagemaker_endpoint){0};
			return 0;
		}
		if (r == 0)
			r = watch_sleep(c, &w, e.status, err);
		if (r < 0)
			return r;
		if (ret_waited)
			*ret_waited = true;
	}
}

int endpoint_gone(struct step_context *c, struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	struct err why = ERR_INIT;
	struct watch w;
	int r;

	watch_begin(c, &w);
	do {
		_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};

		r = sagemaker_describe_endpoint(t->aws, t->local.request->app, c->cancel, &e, &why);
		if (r == 0)
			r = watch_sleep(c, &w, e.status, &why);
	} while (r == 0);
	if (r == E_NOTFOUND)
		return 0;
	return err_copy(err, &why);
}

/* Whether the endpoint goes to a configuration, or is there. */
static int is_changing(struct step_context *c, const char *config, bool *ret, struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	int r = sagemaker_describe_endpoint(t->aws, t->local.request->app, c->cancel, &e, err);

	if (r == 0)
		*ret = str_eq(e.config, config) || e.status == SAGEMAKER_UPDATING;
	return r;
}

int endpoint_change(struct step_context *c, const char *config, struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	struct err why = ERR_INIT;
	bool changing = false;
	int r = sagemaker_update_endpoint(t->aws, t->local.request->app, config, c->cancel, &why);

	if (r == E_CLOSED || r == E_TIMEOUT) {
		int looked = is_changing(c, config, &changing, err);

		if (looked < 0 || changing)
			return looked;
	}
	return r < 0 ? err_copy(err, &why) : r;
}

json_t *endpoint_weights_json(const struct sagemaker_endpoint *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->len; i++)
		if (json_array_append_new(list,
					  json_pack("{s:s, s:f}", "variant", e->variants[i].variant,
						    "weight", e->variants[i].weight)) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static size_t read_weights(const json_t *list, struct sagemaker_weight *dst)
{
	const json_t *item;
	size_t i, n = 0;

	json_array_foreach (list, i, item)
		if (n < VARIANTS_MAX)
			dst[n++] = (struct sagemaker_weight){
				.variant = json_get_str(item, "variant", ""),
				.weight = json_number_value(json_object_get(item, "weight"))};
	return n;
}

static bool weights_hold(const struct sagemaker_endpoint *e, const struct sagemaker_weight *w,
			 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool holds = false;

		for (size_t k = 0; k < e->len; k++)
			holds |= str_eq(e->variants[k].variant, w[i].variant) &&
				 (float)e->variants[k].weight == (float)w[i].weight;
		if (!holds)
			return false;
	}
	return true;
}

int endpoint_weights(struct step_context *c, const json_t *list, struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint before = {0}, after = {0};
	struct sagemaker_weight w[VARIANTS_MAX];
	size_t n = read_weights(list, w);
	struct err why = ERR_INIT;
	int acted, r = endpoint_settle(c, &before, NULL, err);

	if (r < 0 || weights_hold(&before, w, n))
		return r;
	acted = sagemaker_update_weights(t->aws, before.name, w, n, c->cancel, &why);
	if (acted < 0 && !may_have_acted(acted))
		return err_copy(err, &why);
	r = endpoint_settle(c, &after, NULL, err);
	if (r < 0 || weights_hold(&after, w, n))
		return r;
	if (acted < 0)
		return err_copy(err, &why);
	r = err_set(err, E_SERVER, "the endpoint is %s, and its weights are not as wanted%s%s",
		    sagemaker_status_name(after.status), *after.reason ? ": " : "", after.reason);
	err_set_hint(err, "somebody else may have changed it; try again");
	return r;
}
