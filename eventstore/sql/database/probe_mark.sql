select pg_backend_pid(), set_config('allhours.probe', $1, false)
