/* Counters. */
#include "scorer/metrics.h"

#include "base/str.h"

/* Upper ends of the latency buckets, in microseconds; the last bucket has none. */
static const int64_t bounds[METRICS_BUCKETS] = {100,    250,     500,     1000,  2500,
						5000,   10000,   25000,   50000, 100000,
						250000, 1000000, 10000000};

void metrics_init(struct metrics *m)
{
	*m = (struct metrics){.lock = PTHREAD_MUTEX_INITIALIZER};
}

void metrics_release(struct metrics *m)
{
	for (struct variant_metrics *v = m->variants, *next; v; v = next) {
		next = v->next;
		free(v->name);
		free(v);
	}
	m->variants = NULL;
	(void)pthread_mutex_destroy(&m->lock);
}

static struct variant_metrics *find(struct metrics *m, const char *name)
{
	struct variant_metrics *v = m->variants;

	while (v && !str_eq(v->name, name))
		v = v->next;
	return v;
}

static struct variant_metrics *add(struct metrics *m, const char *name)
{
	struct variant_metrics *v = calloc(1, sizeof(*v)), **end = &m->variants;

	if (!v)
		return NULL;
	v->name = str_dup(name);
	if (!v->name) {
		free(v);
		return NULL;
	}
	while (*end)
		end = &(*end)->next;
	*end = v;
	return v;
}

struct variant_metrics *metrics_of(struct metrics *m, const char *name)
{
	struct variant_metrics *v;

	(void)pthread_mutex_lock(&m->lock);
	v = find(m, name);
	if (!v)
		v = add(m, name);
	(void)pthread_mutex_unlock(&m->lock);
	return v;
}

void metrics_count(struct variant_metrics *v, size_t rows, bool failed, int64_t microseconds)
{
	size_t i = 0;

	while (i < METRICS_BUCKETS && microseconds > bounds[i])
		i++;
	atomic_fetch_add(&v->requests, 1);
	atomic_fetch_add(&v->rows, rows);
	atomic_fetch_add(&v->errors, failed);
	atomic_fetch_add(&v->microseconds, (unsigned long)microseconds);
	atomic_fetch_add(&v->buckets[i], 1);
}

static void write_histogram(const struct variant_metrics *v, struct buf *b)
{
	static const char name[] = "splice_scorer_latency_seconds";
	unsigned long sum = 0;

	for (size_t i = 0; i < METRICS_BUCKETS; i++) {
		sum += atomic_load(&v->buckets[i]);
		buf_printf(b, "%s_bucket{variant=\"%s\",le=\"%g\"} %lu\n", name, v->name,
			   (double)bounds[i] / 1e6, sum);
	}
	sum += atomic_load(&v->buckets[METRICS_BUCKETS]);
	buf_printf(b, "%s_bucket{variant=\"%s\",le=\"+Inf\"} %lu\n", name, v->name, sum);
	buf_printf(b, "%s_sum{variant=\"%s\"} %.6f\n", name, v->name,
		   (double)atomic_load(&v->microseconds) / 1e6);
	buf_printf(b, "%s_count{variant=\"%s\"} %lu\n", name, v->name, sum);
}

static void write_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP splice_scorer_%s %s\n# TYPE splice_scorer_%s %s\n", name, help, name,
		   type);
}

static void write_single(struct buf *b, const char *name, const char *type, const char *help,
			 const atomic_ulong *v)
{
	write_head(b, name, type, help);
	buf_printf(b, "splice_scorer_%s %lu\n", name, atomic_load(v));
}

static void write_counter(struct metrics *m, struct buf *b, const char *name, const char *help,
			  size_t offset)
{
	write_head(b, name, "counter", help);
	for (const struct variant_metrics *v = m->variants; v; v = v->next) {
		const void *counter = (const char *)v + offset;

		buf_printf(b, "splice_scorer_%s{variant=\"%s\"} %lu\n", name, v->name,
			   atomic_load((const atomic_ulong *)counter));
	}
}

void metrics_write(struct metrics *m, struct buf *b)
{
	(void)pthread_mutex_lock(&m->lock);
	write_head(b, "info", "gauge", "the program");
	buf_printf(b, "splice_scorer_info{version=\"%s\"} 1\n", SPLICE_VERSION);
	write_counter(m, b, "requests_total", "invocations that a variant answered",
		      offsetof(struct variant_metrics, requests));
	write_counter(m, b, "rows_total", "rows of these", offsetof(struct variant_metrics, rows));
	write_counter(m, b, "errors_total", "invocations answered with an error",
		      offsetof(struct variant_metrics, errors));
	write_head(b, "latency_seconds", "histogram", "from the whole request to its answer");
	for (const struct variant_metrics *v = m->variants; v; v = v->next)
		write_histogram(v, b);
	(void)pthread_mutex_unlock(&m->lock);
	write_single(b, "refused_total", "counter", "requests that reached no variant",
		     &m->refused);
	write_single(b, "reloads_total", "counter", "reloads that took effect", &m->reloads);
	write_single(b, "reloads_failed_total", "counter", "reloads that kept the old model",
		     &m->reloads_failed);
	write_single(b, "connections", "gauge", "open connections", &m->connections);
}
