-- The strategy points of one task and perhaps some models, the user's own overlaying those that ship.
-- in:  $files: points.csv files, later ones overlaying earlier; $task; $models: list or null
-- out: point_id and the columns of points.csv
with listed as (
    select *, list_position($files, filename) as layer
    from read_csv($files, header = true, delim = ',', quote = '"', escape = '"', filename = true, union_by_name = true, types = {'token_budget': 'bigint', 'prompt_tokens': 'double',
        'generated_tokens': 'double', 'depth_tokens': 'double', 'cut': 'double', 'right_tokens': 'double', 'wrong_tokens': 'double',
        'accuracy': 'double', 'low': 'double', 'high': 'double', 'runs': 'varchar',
        'reward_model': 'varchar', 'scored_tokens': 'double'})
)
select
    row_number() over (order by model, strategy, reward_model, n_samples, token_budget nulls last, generated_tokens) as point_id,
    * exclude (filename, layer)
from listed
where task = $task and ($models is null or list_contains($models, model))
qualify layer = max(layer) over (partition by model, task, strategy, reward_model, n_samples, token_budget)
order by point_id
