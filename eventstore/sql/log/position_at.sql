select position_at($1)
