/* Requests: a table of fields, each with a reader. */
#include "deploy/request.h"

#include "base/str.h"
#include "deploy/catalog.h"

#include <math.h>

enum { ID_MAX = 64 };

static const char *const kind_names[] = {
	[REQUEST_DEPLOY] = "deploy",
	[REQUEST_UNDEPLOY] = "undeploy",
	[REQUEST_SHIFT] = "shift",
	[REQUEST_CHECK] = "check",
};
static const char *const target_names[] = {
	[TARGET_LOCAL] = "local",
	[TARGET_SAGEMAKER] = "sagemaker",
};
static const char *const mode_names[] = {
	[MODE_CREATE] = "create",
	[MODE_REPLACE] = "replace",
	[MODE_ADD] = "add",
};

static int find(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(names[i], name))
			return (int)i;
	return -1;
}

const char *request_kind_name(enum request_kind kind)
{
	return kind_names[kind];
}

int request_kind_parse(const char *name)
{
	return find(kind_names, ARRAY_LEN(kind_names), name);
}

const char *deploy_target_name(enum deploy_target target)
{
	return target_names[target];
}

int deploy_target_parse(const char *name)
{
	return find(target_names, ARRAY_LEN(target_names), name);
}

const char *deploy_mode_name(enum deploy_mode mode)
{
	return mode_names[mode];
}

int deploy_mode_parse(const char *name)
{
	return find(mode_names, ARRAY_LEN(mode_names), name);
}

void request_release(struct request *q)
{
	free(q->region);
	free(q->app);
	free(q->run_id);
	free(q->experiment_id);
	free(q->instance_type);
	free(q->variant);
	*q = (struct request){0};
}

/* E_INPUT with what to do; fields' readers report with it. */
static int wrong(struct err *err, const char *hint, const char *text)
{
	err_set(err, E_INPUT, "%s", text);
	err_set_hint(err, "%s", hint);
	return E_INPUT;
}

/* The value as a trimmed text that the caller owns; NULL when it is neither text nor whole
 * number. */
static char *text_of(const json_t *v)
{
	_cleanup_free_ char *copy = NULL;

	if (json_is_integer(v))
		return str_fmt("%lld", (long long)json_integer_value(v));
	copy = json_is_string(v) ? str_dup(json_string_value(v)) : NULL;
	return copy ? str_dup(str_trim(copy)) : NULL;
}

static bool is_id(const char *s)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (!str_is_alpha(s[n]) && !str_is_digit(s[n]) && s[n] != '-' && s[n] != '_')
			return false;
	return n >= 1 && n <= ID_MAX;
}

static int read_id(const char *text, const char *hint, char **ret, struct err *err)
{
	if (!is_id(text))
		return wrong(err, hint, "is no id: letters, digits, - and _, at most 64 of them");
	return str_replace(ret, text, err);
}

static int read_run_id(const char *text, struct request *q, struct err *err)
{
	return read_id(text, "copy it from the run's page in MLflow", &q->run_id, err);
}

static int read_experiment_id(const char *text, struct request *q, struct err *err)
{
	return read_id(text, "leave it empty for the run's own", &q->experiment_id, err);
}

/* [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}, as SageMaker has it, and 63 characters in all. */
bool request_is_app_name(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (!str_is_alpha(s[i]) && !str_is_digit(s[i]) && s[i] != '-')
			return false;
	return n >= 1 && n <= APP_NAME_MAX && s[0] != '-' && s[n - 1] != '-';
}

static int read_name(const char *text, char **ret, struct err *err)
{
	if (!request_is_app_name(text))
		return wrong(err, "for example fraud-model",
			     "must be 1 to 63 letters, digits and -, with no - at either end");
	return str_replace(ret, text, err);
}

static int read_app(const char *text, struct request *q, struct err *err)
{
	return read_name(text, &q->app, err);
}

static int read_variant(const char *text, struct request *q, struct err *err)
{
	return read_name(text, &q->variant, err);
}

static int read_target(const char *text, struct request *q, struct err *err)
{
	int target = deploy_target_parse(text);

	if (target < 0)
		return wrong(err, "local serves on this machine, sagemaker at AWS",
			     "must be local or sagemaker");
	q->target = (enum deploy_target)target;
	return 0;
}

static int read_mode(const char *text, struct request *q, struct err *err)
{
	int mode = deploy_mode_parse(text);

	if (mode < 0)
		return wrong(err,
			     "create makes a new endpoint, replace takes the place of what is "
			     "served, add puts the model beside it",
			     "must be create, replace or add");
	q->mode = (enum deploy_mode)mode;
	return 0;
}

static int read_region(const char *text, struct request *q, struct err *err)
{
	const struct region *near = region_nearest(text);

	if (region_find(text))
		return str_replace(&q->region, text, err);
	err_set(err, E_INPUT, "\"%.40s\" is no AWS region", text);
	err_set_hint(err, near ? "did you mean %s?" : "for example %s",
		     near ? near->name : "us-east-1");
	return E_INPUT;
}

static int read_instance_type(const char *text, struct request *q, struct err *err)
{
	const struct instance_type *near = instance_type_nearest(text);

	if (instance_type_find(text))
		return str_replace(&q->instance_type, text, err);
	err_set(err, E_INPUT, "\"%.40s\" is no instance type that SageMaker serves on", text);
	err_set_hint(err, near ? "did you mean %s?" : "for example %s",
		     near ? near->name : "ml.m5.large");
	return E_INPUT;
}

static int read_instance_count(const char *text, struct request *q, struct err *err)
{
	int64_t n;

	if (str_parse_i64(text, &n, NULL) < 0 || n < 1 || n > INSTANCES_MAX)
		return wrong(err, "1 will do to begin with",
			     "must be a whole number from 1 to 100");
	q->instance_count = (int)n;
	return 0;
}

static int read_archive(const char *text, struct request *q, struct err *err)
{
	if (str_parse_bool(text, &q->archive, NULL) < 0)
		return wrong(err, "true keeps what is replaced", "must be true or false");
	return 0;
}

static int read_weight(const char *text, struct request *q, struct err *err)
{
	if (str_parse_f64(text, &q->weight, NULL) < 0 || !(q->weight >= 0 && q->weight <= 1000))
		return wrong(err, "0 gives the new variant no requests until they are shifted",
			     "must be a number from 0 to 1000");
	return 0;
}

static int read_percent(const char *text, struct request *q, struct err *err)
{
	_cleanup_free_ char *number = str_ndup(text, strcspn(text, "%"));

	if (!number)
		return err_nomem(err);
	if ((text[strlen(number)] && !str_eq(text + strlen(number), "%")) ||
	    str_parse_f64(str_trim(number), &q->percent, NULL) < 0 ||
	    !(q->percent >= 0 && q->percent <= 100))
		return wrong(err, "for example 10%", "must be a percentage from 0 to 100");
	return 0;
}

enum {
	FOR_DEPLOY = 1u << REQUEST_DEPLOY | 1u << REQUEST_CHECK,
	FOR_SHIFT = 1u << REQUEST_SHIFT,
	FOR_ALL = FOR_DEPLOY | FOR_SHIFT | 1u << REQUEST_UNDEPLOY,
};

struct field {
	const char *name;
	unsigned kinds;     /* 1 << REQUEST_… that have it */
	bool aws_only;      /* dropped for TARGET_LOCAL */
	const char *needed; /* what to do when it is absent; NULL: it has a default */
	int (*read)(const char *text, struct request *q, struct err *err);
};

/* target comes first: what the others mean depends on it. */
static const struct field fields[] = {
	{"target", FOR_ALL, false, NULL, read_target},
	{"app_name", FOR_ALL, false, "name the endpoint, for example fraud", read_app},
	{"run_id", FOR_DEPLOY, false, "copy it from the run's page in MLflow", read_run_id},
	{"experiment_id", FOR_DEPLOY, false, NULL, read_experiment_id},
	{"region", FOR_ALL, true, "name the AWS region, for example us-east-1", read_region},
	{"mode", FOR_DEPLOY, false, NULL, read_mode},
	{"instance_count", FOR_DEPLOY, true, NULL, read_instance_count},
	{"instance_type", FOR_DEPLOY, true, "choose one, for example ml.m5.large",
	 read_instance_type},
	{"archive", FOR_DEPLOY, false, NULL, read_archive},
	{"weight", FOR_DEPLOY, false, NULL, read_weight},
	{"percent", FOR_SHIFT, false, "say how much of the traffic, for example 10%", read_percent},
	{"variant", FOR_SHIFT, false, NULL, read_variant},
};
_Static_assert(ARRAY_LEN(fields) < REQUEST_FIELDS_MAX, "room for every field and an unknown one");

/* The member as a text; numbers and truths as they would be typed.  NULL in *ret when absent. */
static int member_text(const json_t *in, const char *name, char **ret, struct err *err)
{
	const json_t *v = json_object_get(in, name);
	_cleanup_free_ char *text = NULL;

	if (!v || json_is_null(v))
		return 0;
	if (json_is_boolean(v))
		text = str_dup(json_is_true(v) ? "true" : "false");
	else if (json_is_real(v))
		text = str_fmt("%.17g", json_real_value(v));
	else
		text = text_of(v);
	if (!text)
		return wrong(err, "a text or a number is wanted", "is neither text nor number");
	if (*text)
		*ret = TAKE(text);
	return 0;
}

static int read_field(const struct field *f, const json_t *in, struct request *q, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (!(f->kinds & 1u << q->kind) || (f->aws_only && q->target == TARGET_LOCAL))
		return 0;
	r = member_text(in, f->name, &text, err);
	if (r < 0)
		return r;
	if (text)
		return f->read(text, q, err);
	return f->needed ? wrong(err, f->needed, "is missing") : 0;
}

static void add_fault(struct request_faults *faults, const char *field, const struct err *err)
{
	struct request_fault *fault;

	if (!faults || faults->len == ARRAY_LEN(faults->items))
		return;
	fault = &faults->items[faults->len++];
	fault->field = field;
	snprintf(fault->text, sizeof(fault->text), "%.*s", (int)sizeof(fault->text) - 1, err->text);
	snprintf(fault->hint, sizeof(fault->hint), "%.*s", (int)sizeof(fault->hint) - 1, err->hint);
}

static const char *field_near(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (str_distance(fields[i].name, name) <= 3)
			return fields[i].name;
	return NULL;
}

static bool is_field(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (str_eq(fields[i].name, name))
			return true;
	return str_eq(name, "kind");
}

/* The first member that no request has. */
static int check_members(const json_t *in, struct err *err)
{
	const char *name;
	json_t *v;

	json_object_foreach ((json_t *)in, name, v) {
		const char *near = is_field(name) ? NULL : field_near(name);

		if (is_field(name))
			continue;
		err_set(err, E_INPUT, "a request has no member \"%.40s\"", name);
		err_set_hint(err, near ? "did you mean %s?" : "leave it out", near);
		return E_INPUT;
	}
	return 0;
}

static int make_defaults(struct request *q, struct err *err)
{
	char **texts[] = {&q->region,        &q->app,           &q->run_id,
			  &q->experiment_id, &q->instance_type, &q->variant};

	q->mode = MODE_CREATE;
	q->instance_count = 1;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!(*texts[i] = str_dup("")))
			return err_nomem(err);
	return 0;
}

/* Keep the first fault; anything else than a fault ends the parse. */
static int note(int r, const char *field, struct err *one, struct request_faults *faults,
		struct err *first)
{
	if (r != E_INPUT)
		return r;
	add_fault(faults, field, one);
	if (first->code)
		return 0;
	*first = *one;
	if (*field)
		(void)err_prefix(first, "%s", field);
	err_set_name(first, field);
	return 0;
}

int request_parse(enum request_kind kind, const json_t *in, struct request *ret,
		  struct request_faults *faults, struct err *err)
{
	_cleanup_request_ struct request q = {.kind = kind};
	struct err first = ERR_INIT;
	int r = make_defaults(&q, err);

	if (faults)
		faults->len = 0;
	if (r == 0 && !json_is_object(in))
		return wrong(err, "send {\"run_id\": …, \"app_name\": …}",
			     "a request is an object");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(fields); i++) {
		struct err one = ERR_INIT;

		r = note(read_field(&fields[i], in, &q, &one), fields[i].name, &one, faults,
			 &first);
	}
	if (r == 0) {
		struct err one = ERR_INIT;

		r = note(check_members(in, &one), "", &one, faults, &first);
	}
	if (r < 0)
		return err_nomem(err);
	if (first.code) {
		if (err)
			*err = first;
		return first.code;
	}
	*ret = q;
	q = (struct request){0};
	return 0;
}

json_t *request_json(const struct request *q)
{
	const char *target = deploy_target_name(q->target);

	switch (q->kind) {
	case REQUEST_UNDEPLOY:
		return json_pack("{s:s, s:s, s:s}", "target", target, "region", q->region,
				 "app_name", q->app);
	case REQUEST_SHIFT:
		return json_pack("{s:s, s:s, s:s, s:f, s:s}", "target", target, "region", q->region,
				 "app_name", q->app, "percent", q->percent, "variant", q->variant);
	default:
		return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:f}", "target",
				 target, "region", q->region, "app_name", q->app, "run_id",
				 q->run_id, "experiment_id", q->experiment_id, "mode",
				 deploy_mode_name(q->mode), "instance_count", q->instance_count,
				 "instance_type", q->instance_type, "archive", (int)q->archive,
				 "weight", q->weight);
	}
}

void request_variant_name(const struct request *q, int64_t job, size_t room,
			  char dst[VARIANT_NAME_MAX + 1])
{
	char tail[40];
	int app_max;

	snprintf(tail, sizeof(tail), "-%.8s-%lld", q->run_id, (long long)job);
	for (char *p = tail; *p; p++) /* a run's id may hold what a variant's name may not */
		*p = *p == '_' ? '-' : *p;
	app_max = VARIANT_NAME_MAX - (int)room - (int)strlen(tail);
	snprintf(dst, VARIANT_NAME_MAX + 1, "%.*s%s", app_max, q->app, tail);
}
