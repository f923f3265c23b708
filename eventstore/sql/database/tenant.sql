select set_config('allhours.tenant', $1, false)
