select pg_notify('allhours_log', $1)
