#!/bin/bash
# One round of monit's tests.
cat >monitrc <<END
set pidfile $PWD/monit.pid
set idfile $PWD/monit.id
set statefile $PWD/monit.state
check host only with address $1
	if failed port $2 then alert
END
chmod 600 monitrc
monit -c monitrc -v validate 2>&1 | grep -E "'only'|libnoselfconn:" | sed 's/ .response time.*//'
