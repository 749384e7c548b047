/* Loopback ports. */
#include "deploy/port.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <sys/socket.h>

int port_loopback(int port, struct sockaddr_in *ret)
{
	*ret = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

bool port_can_bind(int port, int *ret_port)
{
	struct sockaddr_in addr;
	socklen_t size = sizeof(addr);
	_cleanup_close_ int fd = port_loopback(port, &addr);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &size) < 0)
		return false;
	*ret_port = ntohs(addr.sin_port);
	return true;
}
