-- One model's fitted curves on one task, the user's own overlaying those that ship.
-- in:  $files: curves.csv files, later ones overlaying earlier; $model, $task
-- out: the columns of curves.csv
with listed as (
    select *, list_position($files, filename) as layer
    from read_csv($files, header = true, delim = ',', quote = '"', escape = '"', filename = true, union_by_name = true, types = {'knots': 'varchar', 'runs': 'varchar', 'reward_model': 'varchar',
        'saturation': 'double', 'saturation_low': 'double', 'saturation_high': 'double', 'limit': 'double', 'limit_low': 'double', 'limit_high': 'double'})
)
select * exclude (filename, layer)
from listed
where model = $model and task = $task
qualify layer = max(layer) over (partition by strategy, reward_model, unit)
order by strategy, reward_model, unit
