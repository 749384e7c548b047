/* Lookups in the magics' table and what follows from its data. */
#include "magics/magic.h"

#include "base/clock.h"
#include "base/limits.h"

#include <stdio.h>
#include <string.h>

const struct magic *magic_find(const char *name, size_t n)
{
	for (size_t i = 0; magics_all[i]; i++)
		if (strlen(magics_all[i]->name) == n && memcmp(magics_all[i]->name, name, n) == 0)
			return magics_all[i];
	return NULL;
}

static const struct magic_arg *find_arg(const struct magic_call *call, const char *option)
{
	for (size_t i = call->n_args; i-- > 0;)
		if (str_eq(call->args[i].option->name, option))
			return &call->args[i];
	return NULL;
}

const char *magic_arg_value(const struct magic_call *call, const char *option)
{
	const struct magic_arg *arg = find_arg(call, option);

	return arg ? arg->value : NULL;
}

bool magic_arg_given(const struct magic_call *call, const char *option)
{
	return find_arg(call, option) != NULL;
}

static void put_option(struct buf *b, const struct magic_option *o)
{
	char left[64];

	if (o->letter)
		snprintf(left, sizeof(left), "-%c, --%s %s", o->letter, o->name,
			 o->value ? o->value : "");
	else
		snprintf(left, sizeof(left), "--%s %s", o->name, o->value ? o->value : "");
	buf_printf(b, "  %-28s %s\n", left, o->help);
}

char *magic_help(const struct magic *m)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(1));
	buf_printf(&b, "%%%s: %s\n\n%s\n", m->name, m->summary, m->usage);
	if (m->options && m->options->name)
		buf_put_str(&b, "\nOptions\n");
	for (const struct magic_option *o = m->options; o && o->name; o++)
		put_option(&b, o);
	return buf_take_str(&b);
}

void out_notice_show(void *userdata, const char *text)
{
	struct out_notice *n = userdata;
	_cleanup_bundle_ struct bundle b = {0};
	struct err err = ERR_INIT;
	bool update = n->id[0];

	if (!update)
		snprintf(n->id, sizeof(n->id), "notice-%llx-%p", (unsigned long long)clock_us(),
			 (void *)n);
	if (bundle_init(&b, &err) == 0 &&
	    bundle_set_text(&b, "text/plain", text, strlen(text), &err) == 0)
		n->out->display(n->out, &b, n->id, update);
}

void out_printf(struct output *out, enum stream_name name, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n > 0)
		out->stream(out, name, text, (size_t)n);
}
