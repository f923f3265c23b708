select pg_backend_pid(), current_setting('allhours.probe', true)
