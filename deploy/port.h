/*
 * Ports of this machine's loopback address.  Between asking for one and its
 * use another program may take it.
 */
#ifndef DEPLOY_PORT_H
#define DEPLOY_PORT_H

#include <netinet/in.h>
#include <stdbool.h>

/* A socket for 127.0.0.1:port, which *ret gets; the caller closes it.  Negative: errno. */
int port_loopback(int port, struct sockaddr_in *ret);
/* Whether the port can be bound; 0 asks for any.  *ret_port is the one. */
bool port_can_bind(int port, int *ret_port);

#endif
