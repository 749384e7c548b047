/* Commit and rollback. */
#include "protocol/drda/request.h"

struct ending {
	bool answered, failed;
	struct sqlca ca;
};

static int read_object(void *who, struct drda *c, const struct ddm_head *head, struct err *err)
{
	struct ending *e = who;
	int code;

	if (head->cp != CP_SQLCARD)
		return conn_is_refusal(head->cp) ? conn_refused(c, head, err) : 0;
	code = conn_sqlca(c, head, &e->ca, err);
	e->answered = true;
	e->failed |= code == 0 && sqlca_is_error(&e->ca);
	return code;
}

static int read_answer(void *who, struct drda *c, struct err *err)
{
	return conn_read_chain(c, read_object, who, err);
}

static int end(struct drda *c, struct err *err)
{
	struct ending e = {.failed = false};
	int code = conn_send(c, read_answer, &e, err);

	if (code == 0)
		code = conn_await(c, &e, err);
	if (code < 0)
		return code;
	if (!e.answered)
		return conn_out_of_step(c, "expected SQLCARD", err);
	return e.failed ? message_error(c, &e.ca, /* commit= */ false, err) : 0;
}

int drda_commit(struct drda *c, struct cancel *cancel, struct err *err)
{
	struct err mine = ERR_INIT;
	int code;

	err = err ? err : &mine;
	code = conn_begin(c, cancel, err);
	if (code < 0)
		return code;
	(void)request_commit(c);
	return end(c, err);
}

int drda_rollback(struct drda *c, struct cancel *cancel, struct err *err)
{
	struct err mine = ERR_INIT;
	int code;

	err = err ? err : &mine;
	code = conn_begin(c, cancel, err);
	if (code < 0)
		return code;
	(void)request_rollback(c);
	code = end(c, err);
	c->rollbacks++;
	return code;
}
