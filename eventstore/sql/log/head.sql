select coalesce((select position from events order by position desc limit 1), 0)
