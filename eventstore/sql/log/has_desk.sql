select exists (
    select from streams
    where tenant_id = $1 and stream_id = $1 and stream_type = 'desk')
