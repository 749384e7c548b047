/*
 * A subshell's database session: one transactional connection, made when the
 * first statement needs it and made anew (with a notice) when it broke.
 * Used by the subshell's worker thread only.
 */
#ifndef NOTEBOOK_SESSION_H
#define NOTEBOOK_SESSION_H

#include "notebook/db.h"
#include "notebook/notebook.h"

struct session;

/* Hears of what a user should know ("starting the local Derby server …"). */
typedef void session_notice_fn(void *userdata, const char *text);

int session_new(struct notebook *nb, struct session **ret, struct err *err) _must_check_;
void session_free(struct session *s);
CLEANUP_DEFINE(struct session *, session_free)

/*
 * The connection, connecting if need be: to the URL of session_use_url, else
 * the setting `url` (SPLICE_URL), else the local Derby server, which the
 * manager starts.  Borrowed until the next call of this module.
 */
int session_db(struct session *s, struct cancel *cancel, session_notice_fn *notice, void *userdata,
	       struct db **ret, struct err *err) _must_check_;

/* Another connection from now on; the old one is closed (rolled back). */
int session_use_url(struct session *s, const struct db_url *url, struct err *err) _must_check_;
/*
 * After E_AUTH: whether a user was named without a password, so that asking
 * for one may help.
 */
bool session_lacks_password(const struct session *s);
/* The password from now on.  Copied. */
int session_set_password(struct session *s, const char *password, struct err *err) _must_check_;
/* Close the connection; the next use makes a new one. */
void session_drop(struct session *s);
/* The URL in use, without a password; borrowed; NULL before the first use. */
const char *session_url(const struct session *s);
/* For the child's JDBC reader: URL with user and password.  The caller releases (it is wiped). */
int session_credentials(struct session *s, struct cancel *cancel, struct db_url *ret,
			struct err *err) _must_check_;

#endif
