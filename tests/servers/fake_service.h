/*
 * A service for tests of the manager: the test program itself, started with
 * `--serve MODE PORT`, which FAKE_SERVICE_MAIN() recognises.  The environment
 * variable FAKE_SERVICE chooses the mode:
 *
 *   ok        answers "pong" and ends on SIGTERM or when asked to
 *   pair      the same, in a child of the started process
 *   deaf      never listens
 *   exit      prints a line and exits with status 3
 *   large     the same as ok, and takes a while to give back its memory when it ends
 *   stubborn  ignores SIGTERM and requests to end
 */
#ifndef TESTS_FAKE_SERVICE_H
#define TESTS_FAKE_SERVICE_H

#include "manager/def.h"

extern const struct service_def fake_service_def;

/* A free port of loopback. */
int fake_service_free_port(void);
/* Own XDG folders in a temporary folder, a free port, and a mode. */
void fake_service_setup(const char *mode);
/* Run as the service if the arguments say so; returns otherwise. */
void fake_service_maybe(int argc, char **argv);

#define FAKE_SERVICE_MAIN()                                                                        \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		fake_service_maybe(argc, argv);                                                    \
		return test_main(argc, argv);                                                      \
	}

#endif
