/* For libraries that are preloaded after ours and decide what its own connect() calls do. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* Called before each call made with syscall(2). Returns false, with errno, to make it fail. */
bool may_connect(const struct sockaddr *address);
