/* Traffic: a share for one variant, the rest for the others as they stand to each other. */
#include "deploy/sagemaker-int.h"

#include "base/buf.h"
#include "base/str.h"

#include <math.h>

static int no_variant(const struct sagemaker_endpoint *e, const char *variant, struct err *err)
{
	_cleanup_buf_ struct buf names;
	int r = err_set(err, E_NOTFOUND, "the endpoint %s has no variant %s", e->name, variant);

	buf_init(&names, ERR_HINT_MAX);
	for (size_t i = 0; i < e->len; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", e->variants[i].variant);
	err_set_hint(err, "it has %.*s", (int)names.len, names.data ? (char *)names.data : "");
	return r;
}

/* The one named, or else the newest: configurations list variants in order. */
static int find_variant(struct step_context *c, const struct sagemaker_endpoint *e,
			const char *wanted, size_t *ret, struct err *err)
{
	_cleanup_sagemaker_config_ struct sagemaker_config config = {0};
	int r = 0;

	if (!*wanted) {
		r = sagemaker_describe_config(target_of(c)->aws, e->config, c->cancel, &config,
					      err);
		if (r == 0 && config.len)
			wanted = config.variants[config.len - 1].name;
	}
	for (size_t i = 0; r == 0 && i < e->len; i++)
		if (str_eq(e->variants[i].variant, wanted)) {
			*ret = i;
			return 0;
		}
	return r < 0 ? r : no_variant(e, wanted, err);
}

static json_t *share(const struct sagemaker_endpoint *e, size_t chosen, double percent)
{
	json_t *list = json_array();
	double others = 0;

	for (size_t i = 0; i < e->len; i++)
		others += i == chosen ? 0 : e->variants[i].weight;
	for (size_t i = 0; i < e->len; i++) {
		double part =
			others > 0 ? e->variants[i].weight / others : 1.0 / (double)(e->len - 1);
		double weight = i == chosen ? percent / 100 : (1 - percent / 100) * part;

		if (json_array_append_new(list,
					  json_pack("{s:s, s:f}", "variant", e->variants[i].variant,
						    "weight", weight)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int check_shift(const struct sagemaker_endpoint *e, double percent, struct err *err)
{
	int r;

	if (e->status != SAGEMAKER_IN_SERVICE) {
		r = err_set(err, E_INPUT, "the endpoint %s is %s: its traffic cannot be shifted",
			    e->name, sagemaker_status_name(e->status));
		err_set_hint(err, "undeploy it, then deploy again");
		return r;
	}
	if (e->len > 1 || percent >= 100)
		return 0;
	r = err_set(err, E_INPUT, "the endpoint %s has one variant: all traffic goes there",
		    e->name);
	err_set_hint(err, "deploy a second one with the mode add");
	return r;
}

int traffic_plan(struct step_context *c, json_t **ret, struct err *err)
{
	const struct request *q = target_of(c)->local.request;
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	size_t chosen = 0;
	int r = endpoint_settle(c, &e, NULL, err);

	if (r == 0)
		r = check_shift(&e, q->percent, err);
	if (r == 0)
		r = find_variant(c, &e, q->variant, &chosen, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:o, s:o}", "variant", e.variants[chosen].variant, "before",
			 endpoint_weights_json(&e), "after", share(&e, chosen, q->percent));
	return *ret ? 0 : err_nomem(err);
}

int traffic_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	(void)ret;
	return endpoint_weights(c, json_object_get(plan, "after"), err);
}

/* Weights travel as decimal text: a last digit may differ. */
static bool same_weights(const json_t *a, const json_t *b)
{
	json_t *one, *other;
	size_t i;

	if (json_array_size(a) != json_array_size(b))
		return false;
	json_array_foreach (a, i, one) {
		other = json_array_get(b, i);
		if (!str_eq(json_get_str(one, "variant", ""), json_get_str(other, "variant", "")) ||
		    fabs(json_number_value(json_object_get(one, "weight")) -
			 json_number_value(json_object_get(other, "weight"))) > 1e-6)
			return false;
	}
	return true;
}

int traffic_undo(struct step_context *c, const json_t *plan, const json_t *result, struct err *err)
{
	const json_t *before = json_object_get(plan, "before");
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	json_auto_t *now = NULL;
	int r = endpoint_settle(c, &e, NULL, err);

	(void)result;
	if (r == E_NOTFOUND) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	now = endpoint_weights_json(&e);
	if (!now)
		return err_nomem(err);
	if (same_weights(now, before))
		return 0;
	if (!same_weights(now, json_object_get(plan, "after"))) {
		step_say(c, "the traffic was shifted by another since: it stays as it is");
		return 0;
	}
	return endpoint_weights(c, before, err);
}
