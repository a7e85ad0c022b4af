/* For libraries that stand behind ours: what becomes of each connect() that it makes. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* Called before each call made with syscall(2). Returns false, with errno, to make it fail. */
bool may_connect(const struct sockaddr *address);
