select letters.projection, count(*) as letters
from read.dead_letters as letters
join read.checkpoints as live
    on live.projection = letters.projection and live.generation = letters.generation
where live.state = 'live'
group by letters.projection
