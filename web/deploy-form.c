/* One table of fields, and a writer for each kind of control. */
#include "web/deploy-form.h"

#include "deploy/catalog.h"

#include <stdio.h>

enum { HOURS_OF_MONTH = 730 };

void deploy_form_release(struct deploy_form *f)
{
	submission_release(&f->s);
	mlflow_experiments_release(&f->experiments);
	mlflow_runs_release(&f->runs);
	served_list_release(&f->apps);
}

struct field;
typedef void control_fn(struct buf *b, const struct deploy_form *f, const struct field *field);

struct field {
	const char *name, *label, *help;
	control_fn *control;
	const char *fallback; /* value when nothing was given */
	const char *list;     /* id of its <datalist>, for texts */
};

static control_fn text_control, number_control, check_control, target_control, region_control,
	mode_control, type_control;

static const struct field run_fields[] = {
	{"run_id", "Run UUID",
	 "The run to deploy. Its page in MLflow shows it; the newest are in the "
	 "list.",
	 text_control, "", "runs"},
	{"experiment_id", "Experiment ID", "Must be the run's; empty means the run's own.",
	 text_control, "", "experiments"},
	{"app_name", "SageMaker App Name When Deployed",
	 "The endpoint's name: 1 to 63 letters, digits and -, with no - at either end.",
	 text_control, "", "apps"},
	{"target", "Target",
	 "local serves on this machine at once; sagemaker at AWS, where it costs.", target_control,
	 "local", NULL},
	{"mode", "Deployment Mode",
	 "create makes a new app and fails if there is one of this name. replace takes the place "
	 "of what is served, and makes the app if it is not there. add puts the model beside "
	 "those served, with the weight below, and makes the app if it is not there.",
	 mode_control, "", NULL},
	{"weight", "Weight of the new variant",
	 "With add: its share beside the others' weights. 0: no requests until traffic is shifted.",
	 number_control, "0", NULL},
	{"archive", "Archive what is replaced",
	 "With replace: keep the old model and its configuration.", check_control, "", NULL},
};

static const struct field aws_fields[] = {
	{"region", "AWS Region", "Where SageMaker serves the model.", region_control, "", NULL},
	{"instance_count", "Instance Count", "1 to 100; each costs.", number_control, "1", NULL},
	{"instance_type", "SageMaker Instance Type",
	 "The scorer needs few resources: a small one will do for most models.", type_control,
	 "ml.m5.large", NULL},
};

json_t *deploy_form_members(const struct params *given)
{
	static const char *const others[] = {"csrf", "kind", "note", "token"};
	json_auto_t *members = params_json(given);

	for (size_t i = 0; members && i < ARRAY_LEN(others); i++)
		(void)json_object_del(members, others[i]);
	return json_incref(members);
}

static bool has_app(const struct deploy_form *f, const char *app)
{
	for (size_t i = 0; i < f->apps.len; i++)
		if (str_eq(f->apps.items[i].file.app, app))
			return true;
	return false;
}

/* The region that AWS's own programs would use here. */
static const char *usual_region(void)
{
	static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *region = getenv(names[i]);

		if (region && region_find(region))
			return region;
	}
	return "us-east-2";
}

static const char *value_of(const struct deploy_form *f, const struct field *field)
{
	const char *given = params_get(f->given, field->name, "");

	if (*given)
		return given;
	if (str_eq(field->name, "mode"))
		return has_app(f, params_get(f->given, "app_name", "")) ? "replace" : "create";
	if (str_eq(field->name, "region"))
		return usual_region();
	if (str_eq(field->name, "experiment_id") && f->s.looked)
		return f->s.facts.run.experiment_id;
	return field->fallback;
}

/* id, name and what ties help and fault to the control. */
static void put_attributes(struct buf *b, const struct deploy_form *f, const struct field *field)
{
	html(b, " id=\"%s\" name=\"%s\" aria-describedby=\"%s-fault %s-help\" aria-invalid=\"%s\"",
	     field->name, field->name, field->name, field->name,
	     fault_of(&f->s.faults, field->name) ? "true" : "false");
}

static void text_control(struct buf *b, const struct deploy_form *f, const struct field *field)
{
	html(b, "<input");
	put_attributes(b, f, field);
	html(b, " value=\"%s\" list=\"%s\" autocomplete=\"off\" spellcheck=\"false\">",
	     value_of(f, field), field->list);
}

static void number_control(struct buf *b, const struct deploy_form *f, const struct field *field)
{
	html(b, "<input inputmode=\"decimal\" autocomplete=\"off\"");
	put_attributes(b, f, field);
	html(b, " value=\"%s\">", value_of(f, field));
}

static void check_control(struct buf *b, const struct deploy_form *f, const struct field *field)
{
	html(b, "<input type=\"checkbox\" value=\"true\"");
	put_attributes(b, f, field);
	if (str_eq(value_of(f, field), "true"))
		html(b, " checked");
	html(b, ">");
}

static void begin_select(struct buf *b, const struct deploy_form *f, const struct field *field)
{
	html(b, "<select");
	put_attributes(b, f, field);
	html(b, ">");
}

static void begin_option(struct buf *b, const char *value, bool selected)
{
	html(b, "<option value=\"%s\"", value);
	if (selected)
		html(b, " selected");
}

static void target_control(struct buf *b, const struct deploy_form *f, const struct field *field)
{
	const char *value = value_of(f, field);

	begin_select(b, f, field);
	for (int t = TARGET_LOCAL; t <= TARGET_SAGEMAKER; t++) {
		const char *name = deploy_target_name((enum deploy_target)t);

		begin_option(b, name, str_eq(name, value));
		html(b, ">%s</option>", name);
	}
	html(b, "</select>");
}

static void mode_control(struct buf *b, const struct deploy_form *f, const struct field *field)
{
	const char *value = value_of(f, field);

	begin_select(b, f, field);
	for (int m = MODE_CREATE; m <= MODE_ADD; m++) {
		const char *name = deploy_mode_name((enum deploy_mode)m);

		begin_option(b, name, str_eq(name, value));
		html(b, ">%s</option>", name);
	}
	html(b, "</select>");
}

static void region_control(struct buf *b, const struct deploy_form *f, const struct field *field)
{
	const char *value = value_of(f, field);

	begin_select(b, f, field);
	for (const struct region *r = regions_all; r->name; r++) {
		begin_option(b, r->name, str_eq(r->name, value));
		html(b, ">%s %s</option>", r->name, r->place);
	}
	html(b, "</select>");
}

static void type_control(struct buf *b, const struct deploy_form *f, const struct field *field)
{
	const char *value = value_of(f, field);

	begin_select(b, f, field);
	for (const struct instance_type *t = instance_types_all; t->name; t++) {
		char text[120], usd[32];

		(void)snprintf(text, sizeof(text), "%s: %d vCPUs, %g GiB%s, about $%.3f an hour",
			       t->name, t->vcpus, t->memory_gib, t->gpus ? ", GPU" : "",
			       t->usd_hour);
		(void)snprintf(usd, sizeof(usd), "%.4f", t->usd_hour);
		begin_option(b, t->name, str_eq(t->name, value));
		html(b, " data-usd=\"%s\">%s</option>", usd, text);
	}
	html(b, "</select>");
}

static void put_field(struct buf *b, const struct deploy_form *f, const struct field *field)
{
	const struct request_fault *fault = fault_of(&f->s.faults, field->name);

	html(b, "<div class=\"field\" id=\"%s-field\"><label for=\"%s\">%s</label>", field->name,
	     field->name, field->label);
	field->control(b, f, field);
	html(b, "<p class=\"fault\" id=\"%s-fault\">", field->name);
	if (fault)
		html(b, "%s; %s", fault->text, fault->hint);
	html(b, "</p><p class=\"help\" id=\"%s-help\">%s</p>", field->name, field->help);
	if (str_eq(field->name, "run_id")) {
		_cleanup_buf_ struct buf note;
		_cleanup_free_ char *text = NULL;

		buf_init(&note, sizeof(fault->text) * 8);
		if (f->s.looked)
			run_note(&f->s.facts, &note);
		text = buf_take_str(&note);
		html(b, "<p class=\"help\" id=\"run-note\" role=\"status\">%s</p>", text);
	}
	html(b, "</div>\n");
}

static void put_lists(struct buf *b, const struct deploy_form *f)
{
	html(b, "<datalist id=\"runs\">");
	for (size_t i = 0; i < f->runs.len; i++) {
		const struct mlflow_run *run = &f->runs.items[i];

		html(b, "<option value=\"%s\">%s · experiment %s · %s</option>", run->id, run->name,
		     run->experiment_id, run->status);
	}
	html(b, "</datalist><datalist id=\"experiments\">");
	for (size_t i = 0; i < f->experiments.len; i++)
		html(b, "<option value=\"%s\">%s</option>", f->experiments.items[i].id,
		     f->experiments.items[i].name);
	html(b, "</datalist><datalist id=\"apps\">");
	for (size_t i = 0; i < f->apps.len; i++)
		html(b, "<option value=\"%s\">%s %s</option>", f->apps.items[i].file.app,
		     f->apps.items[i].target, f->apps.items[i].region);
	html(b, "</datalist>\n");
}

/* What type and count cost, as they stand. */
static void put_cost(struct buf *b, const struct deploy_form *f)
{
	const struct instance_type *t = instance_type_find(value_of(f, &aws_fields[2]));
	char text[96] = "";
	int64_t n = 0;

	if (t && str_parse_i64(value_of(f, &aws_fields[1]), &n, NULL) == 0 && n > 0 &&
	    n <= INSTANCES_MAX)
		(void)snprintf(text, sizeof(text), "about $%.2f an hour, $%.0f a month",
			       t->usd_hour * (double)n, t->usd_hour * (double)n * HOURS_OF_MONTH);
	html(b,
	     "<p>Cost: <output id=\"cost\" for=\"instance_count instance_type\">%s</output> "
	     "<span class=\"help\">roughly, on demand in us-east-1, for as long as the app is "
	     "there; AWS's price list decides.</span></p>",
	     text);
}

static void put_why(struct buf *b, const struct deploy_form *f, const struct err *why)
{
	if (why) {
		html(b, "<div class=\"error\" role=\"alert\"><p>Not submitted: %s</p>", why->text);
		if (*why->hint)
			html(b, "<p class=\"hint\">%s</p>", why->hint);
		html(b, "</div>\n");
	}
	if (f->lists_missing)
		html(b, "<p class=\"note\">Runs and experiments cannot be listed: %s</p>\n",
		     f->lists_missing);
}

void put_deploy_form(struct call *q, const struct deploy_form *f, const struct err *why)
{
	struct buf *b = &q->reply.body;

	put_why(b, f, why);
	html(b, "<form id=\"deploy\" method=\"post\" action=\"/deploy\">");
	page_csrf(q);
	for (size_t i = 0; i < ARRAY_LEN(run_fields); i++)
		put_field(b, f, &run_fields[i]);
	html(b, "<fieldset id=\"aws\"><legend>With the target sagemaker</legend>");
	for (size_t i = 0; i < ARRAY_LEN(aws_fields); i++)
		put_field(b, f, &aws_fields[i]);
	put_cost(b, f);
	html(b, "</fieldset>\n<p class=\"actions\"><button class=\"primary\" name=\"kind\" "
		"value=\"deploy\">Submit</button> <button name=\"kind\" value=\"check\">Check"
		"</button></p><p class=\"help\">Check rehearses the deployment: it makes nothing "
		"that stays, and says what would fail.</p></form>\n");
	put_lists(b, f);
}
