/*
 * Where a manager and its clients meet.
 */
#ifndef PROTOCOL_MANAGER_PATHS_H
#define PROTOCOL_MANAGER_PATHS_H

#include "base/cleanup.h"
#include "base/err.h"

#include <sys/types.h>

/*
 * PLACE_RUNTIME/manager.sock; the caller frees.  E_TOOBIG when the path does
 * not fit into a socket address.
 */
int manager_socket_path(char **ret, struct err *err) _must_check_;

/*
 * PLACE_DATA/manager.lock, locked by flock(2) while a manager (or what clears
 * up after a killed one) works on this data folder; the caller frees.
 */
int manager_lock_path(char **ret, struct err *err) _must_check_;

/* What a manager writes into the lock file, for those who meet the lock. */
struct manager_owner {
	pid_t pid;
	char *host;
	char *socket; /* differs from manager_socket_path when XDG_RUNTIME_DIR differs */
};

/* Append the file's text to a new string; the caller frees; NULL when out of memory. */
char *manager_owner_text(const struct manager_owner *owner);
/* E_NOTFOUND when there is no lock file or it names nobody. */
int manager_owner_read(const char *lock_path, struct manager_owner *ret,
		       struct err *err) _must_check_;
void manager_owner_release(struct manager_owner *owner);

#endif
