-- The user's own runs that may have drawn some answers of another run: plain samples of the same model, task and seed.
-- in:  $model, $task, $seed; table samples
-- out: run_id
select distinct run_id
from samples
where own and model = $model and task = $task and strategy = 'sampling' and seed = $seed
