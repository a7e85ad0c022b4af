/* Can the library protect the command? */
#include "launcher.h"

#include <stdio.h>

int check(const struct options *options)
{
	static struct judgement judgement;

	judge(*options->operands, &judgement);
	if (judgement.status != 0)
		fail(judgement.status, "%s", judgement.reason);
	printf("%s can be protected by %s\n", judgement.path, judgement.library);
	return 0;
}
