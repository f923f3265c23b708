select
    set_config('allhours.tenant', $1, false),
    set_config('plan_cache_mode', $2, false)
