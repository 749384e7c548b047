/* Status. */
#include "manager/status.h"

#include "base/clock.h"

static json_t *service_json(const struct service *s)
{
	bool open = service_def(s)->page && service_state(s) == SERVICE_READY;
	_cleanup_free_ char *page = open ? service_url(s) : NULL;
	struct service_info info;

	service_info(s, &info);
	return json_pack("{s:s s:s s:s s:i s:i s:I s:I s:i s:o s:o s:o s:o}", "name",
			 service_def(s)->name, "title", service_def(s)->title, "state",
			 service_state_name(service_state(s)), "port", info.port, "pid",
			 (int)info.pid, "memory_kib", (json_int_t)info.memory, "uptime_ms",
			 (json_int_t)info.uptime, "restarts", info.restarts, "data",
			 json_strz(info.data), "log", json_strz(info.log), "reason",
			 json_strz(service_reason(s)->text), "page", json_strz(page));
}

json_t *status_json(const struct status_manager *m, const struct service_list *services)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < services->len; i++) {
		if (json_array_append_new(list, service_json(services->items[i])) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return json_pack("{s:{s:i s:s s:I s:i s:o} s:o}", "manager", "pid", (int)getpid(),
			 "version", m->version, "uptime_ms", (json_int_t)m->uptime, "links",
			 m->kernels, "log", json_strz(m->log), "services", list);
}

/* "12 s", "5 min", "3 h 05 min", "2 d 4 h": coarser than base/clock.h, for a column. */
static void put_uptime(char *dst, size_t size, int64_t ms)
{
	long long s = ms / 1000;

	if (s < 60)
		snprintf(dst, size, "%lld s", s);
	else if (s < 3600)
		snprintf(dst, size, "%lld min", s / 60);
	else if (s < 86400)
		snprintf(dst, size, "%lld h %02lld min", s / 3600, s / 60 % 60);
	else
		snprintf(dst, size, "%lld d %lld h", s / 86400, s / 3600 % 24);
}

/* A number, or "-" for none. */
static void put_count(char *dst, size_t size, json_int_t n, const char *unit)
{
	if (n)
		snprintf(dst, size, "%lld%s", (long long)n, unit);
	else
		snprintf(dst, size, "-");
}

static void put_row(const json_t *s, int width, struct buf *b)
{
	char port[16], pid[16], memory[24], uptime[32] = "-";

	put_count(port, sizeof(port), json_get_int(s, "port", 0), "");
	put_count(pid, sizeof(pid), json_get_int(s, "pid", 0), "");
	put_count(memory, sizeof(memory), json_get_int(s, "memory_kib", 0) / 1024, " MB");
	if (json_get_int(s, "uptime_ms", 0))
		put_uptime(uptime, sizeof(uptime), json_get_int(s, "uptime_ms", 0));
	buf_printf(b, "%-*s %-11s %5s %8s %8s %10s  %s\n", width, json_get_str(s, "name", "?"),
		   json_get_str(s, "state", "?"), port, pid, memory, uptime,
		   json_get_str(s, "data", ""));
}

/* Of the longest name. */
static int name_width(const json_t *list)
{
	size_t width = 10;
	const json_t *s;
	size_t i;

	json_array_foreach (list, i, s) {
		size_t n = strlen(json_get_str(s, "name", "?"));

		width = n > width ? n : width;
	}
	return (int)width;
}

/* Addresses for a browser; the Jobs Tracker's has its token in it. */
static void put_pages(const json_t *list, struct buf *b)
{
	const char *gap = "\n";
	const json_t *s;
	size_t i;

	json_array_foreach (list, i, s) {
		const char *page = json_get_str(s, "page", NULL);

		if (!page)
			continue;
		buf_printf(b, "%s%s: %s\n", gap, json_get_str(s, "title", "?"), page);
		gap = "";
	}
}

void status_table(const json_t *status, struct buf *b)
{
	const json_t *m = json_object_get(status, "manager");
	const json_t *list = json_object_get(status, "services");
	int width = name_width(list);
	char uptime[32];
	const json_t *s;
	size_t i;

	put_uptime(uptime, sizeof(uptime), json_get_int(m, "uptime_ms", 0));
	buf_printf(b, "splice-manager %s, process %lld, up %s, %lld kernel%s linked\n\n",
		   json_get_str(m, "version", "?"), (long long)json_get_int(m, "pid", 0), uptime,
		   (long long)json_get_int(m, "links", 0),
		   json_get_int(m, "links", 0) == 1 ? "" : "s");
	buf_printf(b, "%-*s %-11s %5s %8s %8s %10s  %s\n", width, "SERVICE", "STATE", "PORT", "PID",
		   "MEMORY", "UPTIME", "DATA");
	json_array_foreach (list, i, s)
		put_row(s, width, b);
	put_pages(list, b);
	json_array_foreach (list, i, s) {
		const char *reason = json_get_str(s, "reason", "");

		if (*reason)
			buf_printf(b, "\n%s: %s\n", json_get_str(s, "name", "?"), reason);
	}
}
