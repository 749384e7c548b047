/* The table of checks, and what they find. */
#include "deploy/rehearsal-int.h"

#include "base/fs.h"
#include "base/str.h"
#include "deploy/local.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	FOR_LOCAL = 1u << TARGET_LOCAL,
	FOR_SAGEMAKER = 1u << TARGET_SAGEMAKER,
	FOR_ALL = FOR_LOCAL | FOR_SAGEMAKER,
};

static const struct {
	const char *name;
	unsigned targets;
	rehearsal_fn *run;
} checks[] = {
	{"name", FOR_LOCAL, rehearse_name},
	{"run", FOR_ALL, rehearse_run},
	{"stages", FOR_ALL, rehearse_stages},
	{"parity", FOR_ALL, rehearse_parity},
	{"container", FOR_ALL, rehearse_container},
	{"port", FOR_LOCAL, rehearse_port},
	{"disk", FOR_ALL, rehearse_disk},
	{"credentials", FOR_SAGEMAKER, rehearse_credentials},
	{"region", FOR_SAGEMAKER, rehearse_region},
	{"permissions", FOR_SAGEMAKER, rehearse_permissions},
	{"role", FOR_SAGEMAKER, rehearse_role},
	{"repository", FOR_SAGEMAKER, rehearse_repository},
	{"endpoint", FOR_SAGEMAKER, rehearse_endpoint},
	{"instance", FOR_SAGEMAKER, rehearse_instance},
	{"quota", FOR_SAGEMAKER, rehearse_quota},
};

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = {"ok", "warning", "failed"};

	return names[level];
}

void findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->len; i++) {
		free(f->items[i].text);
		free(f->items[i].hint);
	}
	free(f->items);
	*f = (struct findings){0};
}

enum finding_level findings_worst(const struct findings *f)
{
	enum finding_level worst = FINDING_OK;

	for (size_t i = 0; i < f->len; i++)
		if (f->items[i].level > worst)
			worst = f->items[i].level;
	return worst;
}

json_t *findings_json(const struct findings *f)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < f->len; i++) {
		json_t *one =
			json_pack("{s:s, s:s, s:o, s:o}", "check", f->items[i].check, "level",
				  finding_level_name(f->items[i].level), "text",
				  json_strz(f->items[i].text), "hint", json_strz(f->items[i].hint));

		if (json_array_append_new(list, one) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return json_pack("{s:b, s:o}", "ok", findings_worst(f) != FINDING_FAILED, "checks", list);
}

static int add(struct rehearsing *r, enum finding_level level, char *text, const char *hint,
	       struct err *err)
{
	struct findings *f = r->findings;
	struct finding *items = realloc(f->items, (f->len + 1) * sizeof(*items));
	char *copy = str_dup(hint);

	if (items)
		f->items = items;
	if (!items || !text || !copy) {
		free(text);
		free(copy);
		return err_nomem(err);
	}
	items[f->len++] = (struct finding){level, r->check, text, copy};
	if (r->o->told)
		r->o->told(r->o->userdata, &items[f->len - 1]);
	return 0;
}

int found(struct rehearsing *r, enum finding_level level, const char *hint, struct err *err,
	  const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return add(r, level, n < 0 ? NULL : text, hint, err);
}

int found_error(struct rehearsing *r, enum finding_level level, const struct err *why,
		struct err *err)
{
	if (why->code == E_NOMEM || why->code == E_CANCEL) {
		if (err)
			*err = *why;
		return why->code;
	}
	return add(r, level, str_dup(why->text), why->hint, err);
}

int rehearsal_path(const struct rehearsing *r, const char *file, char **ret, struct err *err)
{
	*ret = str_fmt("%s/%s", r->o->folder, file);
	return *ret ? 0 : err_nomem(err);
}

int rehearse(const struct rehearsal *o, struct findings *ret, struct err *err)
{
	_cleanup_findings_ struct findings findings = {0};
	struct rehearsing r = {.o = o, .findings = &findings};
	int result = 0;

	for (size_t i = 0; result == 0 && i < ARRAY_LEN(checks); i++) {
		r.check = checks[i].name;
		if (checks[i].targets & 1u << o->request->target)
			result = checks[i].run(&r, err);
	}
	mlflow_free(r.mlflow);
	package_info_release(&r.info);
	config_free(r.config);
	aws_free(r.aws);
	free(r.identity);
	if (result < 0)
		return result;
	*ret = findings;
	findings = (struct findings){0};
	return 0;
}

/* --- as a job --- */

static int plan_check(struct step_context *c, json_t **ret, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	int r = local_job_folder(c->job, &folder, err);

	if (r < 0)
		return r;
	*ret = json_pack("{s:s}", "folder", folder);
	return *ret ? 0 : err_nomem(err);
}

static int job_tracking_uri(void *userdata, char **ret, struct err *err)
{
	struct step_context *c = userdata;
	const struct local_job *job = c->userdata;

	return job->tracking_uri(c, ret, err);
}

static void log_finding(void *userdata, const struct finding *f)
{
	step_say(userdata, "%s: %s: %s%s%s", finding_level_name(f->level), f->check, f->text,
		 *f->hint ? "; " : "", f->hint);
}

static int run_check(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	const struct local_job *job = c->userdata;
	_cleanup_findings_ struct findings findings = {0};
	struct rehearsal o = {
		.request = job->request,
		.folder = json_get_str(plan, "folder", ""),
		.port = job->port,
		.tracking_uri = job_tracking_uri,
		.told = log_finding,
		.userdata = c,
		.cancel = c->cancel,
	};
	int r = rehearse(&o, &findings, err);

	if (r == 0)
		r = fs_remove_tree(o.folder, err);
	if (r < 0)
		return r;
	*ret = findings_json(&findings);
	return *ret ? 0 : err_nomem(err);
}

static int undo_check(struct step_context *c, const json_t *plan, const json_t *result,
		      struct err *err)
{
	(void)c, (void)result;
	return fs_remove_tree(json_get_str(plan, "folder", ""), err);
}

static int check_result(struct step_context *c, json_t **ret, struct err *err)
{
	*ret = json_incref((json_t *)step_result(c, "check"));
	return *ret ? 0 : err_nomem(err);
}

const struct steps *rehearsal_steps(void)
{
	static const struct step items[] = {
		{"check", "Rehearsing", false, plan_check, run_check, undo_check},
		{NULL, NULL, false, NULL, NULL, NULL},
	};
	static const struct steps steps = {items, check_result};

	return &steps;
}
