/*
 * The whole client against a server that says anything: the first byte
 * chooses what is asked, the rest is what the server sends before it closes.
 */
#include "protocol/drda/conn-int.h"

#include "base/str.h"

#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const statements[] = {
	"select * from t", "insert into t values 1", "call p()", "explain x", "drop table t",
};

static void run_statement(struct drda *c, const char *sql)
{
	_cleanup_(drda_result_freep) struct drda_result *r = NULL;
	const struct value *row;
	const struct column *columns;

	if (drda_execute(c, sql, strlen(sql), NULL, 0, DRDA_COMMIT, NULL, &r, NULL) < 0)
		return;
	do {
		(void)drda_result_columns(r, &columns);
		for (int i = 0; i < 10000 && drda_result_next(r, NULL, &row, NULL) > 0; i++)
			;
	} while (drda_result_more(r, NULL, NULL) > 0);
}

static int ignore(void *userdata, uint64_t row, const struct err *error)
{
	(void)userdata;
	(void)row;
	(void)error;
	return 0;
}

static void run_batch(struct drda *c)
{
	_cleanup_(drda_batch_freep) struct drda_batch *b = NULL;
	struct value row[8] = {{.type = VALUE_INTEGER, .i = 1}};
	const struct column *params;
	uint64_t good;
	size_t n;

	if (drda_batch_new(c, "insert", 6, NULL, ignore, NULL, &b, NULL) < 0)
		return;
	n = drda_batch_params(b, &params);
	if (n > ARRAY_LEN(row))
		return;
	for (size_t i = 0; i < n; i++)
		row[i] = (struct value){.type = VALUE_VARCHAR, .s = {"x", 1}};
	for (int i = 0; i < 3; i++)
		if (drda_batch_add(b, row, NULL, NULL) < 0)
			return;
	(void)!drda_batch_flush(b, NULL, &good, NULL);
}

static struct drda *new_client(int fd)
{
	struct drda *c = malloc(sizeof(*c));

	if (!c)
		abort();
	conn_init(c);
	c->link.fd = fd;
	c->options.host = str_dup("h");
	c->options.database = str_dup("d");
	c->options.user = str_dup("u");
	c->block_size = CONN_DEFAULT_BLOCK;
	c->trace.utf8 = true;
	return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(drda_freep) struct drda *c = NULL;
	_cleanup_close_ int server = -1;
	int pair[2];

	if (size < 1 || size > 100000 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	server = pair[1];
	c = new_client(pair[0]);
	if (send(server, data + 1, size - 1, MSG_DONTWAIT) < 0)
		return 0;
	(void)shutdown(server, SHUT_WR);
	if (data[0] == 'b')
		run_batch(c);
	else
		run_statement(c, statements[data[0] % ARRAY_LEN(statements)]);
	(void)!drda_commit(c, NULL, NULL);
	return 0;
}
