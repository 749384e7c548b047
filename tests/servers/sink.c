/* Output kept as text. */
#include "tests/servers/sink.h"

#include "base/limits.h"

#include <stdio.h>
#include <string.h>

static void on_stream(struct output *out, enum stream_name name, const char *text, size_t n)
{
	struct sink *s = (struct sink *)out;

	(void)name;
	buf_put(&s->plain, text, n);
}

static void on_display(struct output *out, const struct bundle *b, const char *id, bool update)
{
	struct sink *s = (struct sink *)out;

	(void)id;
	(void)update;
	buf_put_str(&s->plain, json_get_str(b->data, "text/plain", "(no text/plain)"));
	buf_put_u8(&s->plain, '\n');
	buf_put_str(&s->html, json_get_str(b->data, "text/html", "(no text/html)"));
}

void sink_init(struct sink *s)
{
	*s = (struct sink){.out = {.stream = on_stream, .display = on_display}};
	buf_init(&s->plain, MIB(8));
	buf_init(&s->html, MIB(8));
}

void sink_release(struct sink *s)
{
	buf_release(&s->plain);
	buf_release(&s->html);
	free(s->relay);
}

int sink_run(struct sink *s, const struct magic *magic, struct notebook *nb, const char *body,
	     struct cancel *cancel, struct err *err)
{
	struct magic_call call = {.magic = magic,
				  .body = body,
				  .body_len = strlen(body),
				  .body_line = 1,
				  .nb = nb,
				  .out = &s->out,
				  .cancel = cancel};
	int r;

	buf_clear(&s->plain);
	buf_clear(&s->html);
	free(TAKE(s->relay));
	r = magic->run(&call, err);
	s->relay = call.relay;
	json_decref(call.relay_metadata);
	return r;
}

bool sink_shown(const struct buf *b, const char *part)
{
	bool found = memmem(b->data, b->len, part, strlen(part)) != NULL;

	if (!found)
		printf("# not in:\n%.*s\n", (int)b->len, b->data ? (const char *)b->data : "");
	return found;
}
