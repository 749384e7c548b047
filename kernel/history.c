/* History of inputs. */
#include "kernel/history.h"

#include "base/str.h"

#include <fnmatch.h>
#include <string.h>

struct item {
	int line;
	char *input;
};

struct history {
	struct item *items; /* a ring once it is full */
	size_t n, first;
	size_t bytes; /* of all inputs */
};

int history_new(struct history **ret, struct err *err)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : err_nomem(err);
}

static struct item *at(const struct history *h, size_t i)
{
	return &h->items[(h->first + i) % HISTORY_MAX];
}

void history_free(struct history *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		free(at(h, i)->input);
	free(h->items);
	free(h);
}

static void forget_oldest(struct history *h)
{
	h->bytes -= strlen(at(h, 0)->input);
	free(at(h, 0)->input);
	h->first = (h->first + 1) % HISTORY_MAX;
	h->n--;
}

void history_add(struct history *h, int line, const char *input)
{
	size_t n = strlen(input);
	char *copy = n <= HISTORY_BYTES ? str_ndup(input, n) : NULL;

	if (!h->items)
		h->items = calloc(HISTORY_MAX, sizeof(*h->items));
	if (!copy || !h->items) {
		free(copy);
		return;
	}
	while (h->n == HISTORY_MAX || (h->n && h->bytes + n > HISTORY_BYTES))
		forget_oldest(h);
	*at(h, h->n++) = (struct item){line, copy};
	h->bytes += n;
}

struct query {
	const char *type, *pattern;
	json_int_t n, start, stop;
	bool output, unique;
};

static bool newer_has(const struct history *h, size_t i)
{
	for (size_t k = i + 1; k < h->n; k++)
		if (str_eq(at(h, k)->input, at(h, i)->input))
			return true;
	return false;
}

static bool wanted(const struct history *h, size_t i, const struct query *q)
{
	if (str_eq(q->type, "range"))
		return at(h, i)->line >= q->start && (q->stop < 0 || at(h, i)->line < q->stop);
	if (str_eq(q->type, "search") && fnmatch(q->pattern, at(h, i)->input, 0) != 0)
		return false;
	return !q->unique || !newer_has(h, i);
}

/* Session numbers count back from 0, the running one (IPython's convention). */
static json_t *entry(const struct item *item, const struct query *q)
{
	if (q->output)
		return json_pack("[ii[on]]", 0, item->line, json_strz(item->input));
	return json_pack("[iio]", 0, item->line, json_strz(item->input));
}

json_t *history_reply(const struct history *h, const json_t *request)
{
	struct query q = {
		.type = json_get_str(request, "hist_access_type", "tail"),
		.pattern = json_get_str(request, "pattern", "*"),
		.n = json_get_int(request, "n", HISTORY_MAX),
		.start = json_get_int(request, "start", 0),
		.stop = json_get_int(request, "stop", -1),
		.output = json_get_bool(request, "output", false),
		.unique = json_get_bool(request, "unique", false),
	};
	bool range = str_eq(q.type, "range");
	json_t *list = json_array();
	json_int_t count = 0;

	/* The newest n that fit, then in the order they were typed. */
	for (size_t i = h->n; list && i-- > 0 && (range || count < q.n);) {
		if (!wanted(h, i, &q))
			continue;
		count++;
		if (json_array_insert_new(list, 0, entry(at(h, i), &q)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list ? json_pack("{ss so}", "status", "ok", "history", list) : NULL;
}
