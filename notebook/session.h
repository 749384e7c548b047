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

/*
 * Connect elsewhere, for all that follows.  The connection so far is closed (rolled back) once the
 * new one stands; after an error it goes on as if nothing had been asked.
 */
int session_use_url(struct session *s, const struct db_url *url, struct cancel *cancel,
		    session_notice_fn *notice, void *userdata, struct err *err) _must_check_;
/*
 * What the last attempt to connect was refused with E_AUTH at, else NULL; when it names a user and
 * no password, asking for one may help.  Borrowed until the next attempt.
 */
const struct db_url *session_refused(const struct session *s);
/* session_use_url with session_refused (not NULL) and this password, which is copied. */
int session_use_password(struct session *s, const char *password, struct cancel *cancel,
			 session_notice_fn *notice, void *userdata, struct err *err) _must_check_;
/* Close the connection; the next use makes a new one. */
void session_drop(struct session *s);
/* The URL in use, without a password; borrowed; NULL before the first use. */
const char *session_url(const struct session *s);
/* For the child's JDBC reader: URL with user and password.  The caller releases (it is wiped). */
int session_credentials(struct session *s, struct cancel *cancel, struct db_url *ret,
			struct err *err) _must_check_;

#endif
