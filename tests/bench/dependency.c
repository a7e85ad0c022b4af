/* One of the many libraries of a large program. At its start the loader looks up these names. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef void function(void);

extern function *const used[];
function *const used[] = {
	(function *)socket, (function *)connect, (function *)sendto,   (function *)sendmsg,
	(function *)recv,   (function *)poll,	 (function *)malloc,   (function *)free,
	(function *)open,   (function *)read,	 (function *)write,    (function *)close,
	(function *)memcpy, (function *)strlen,	 (function *)snprintf, (function *)getenv,
};
