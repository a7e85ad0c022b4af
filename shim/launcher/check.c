/* --check: says whether the library can protect a command. */
#include "launcher.h"

#include <stdio.h>

int check(const struct options *options)
{
	static struct judgement judgement;

	judge(options->operands, &judgement);
	if (judgement.status != 0)
		fail(judgement.status, "%s", judgement.reason);
	if (*judgement.unused)
		fail(OWN_FAILURE, "%s: has no part in the answer, expected noselfconn %s",
		     *judgement.unused, options->verb->usage);
	printf("%s can be protected, as far as it connects through libc, by %s%s\n",
	       judgement.unused == options->operands + 1 ? judgement.path : judgement.unused[-1],
	       judgement.library,
	       judgement.is_php ? "; the extensions that it loads cannot, see libnoselfconn(7)"
				: "");
	return 0;
}
