-- What was drawn: a row for each way (answers.sql).
-- in:  answers, ways
-- out: way, the columns of drawn (model, task, strategy, those of the set-up, what steered a search); runs and own_runs
--      (run ids; those that the user's workspace holds answers of); n_engines (engines and versions that drew it);
--      judges (what scored answers: reward_model, reward, step_delimiter)
with found as (
    select
        way,
        list(distinct run_id order by run_id) as runs,
        coalesce(list(distinct run_id order by run_id) filter (own), []) as own_runs,
        count(distinct concat_ws(' ', coalesce(engine, ''), coalesce(engine_version, ''))) as n_engines,
        coalesce(
            list(
                distinct {'reward_model': reward_model, 'reward': reward, 'step_delimiter': step_delimiter}
            ) filter (score is not null),
            []
        ) as judges
    from answers
    group by way
)
from (select found.*, unnest(drawn) from found join ways using (way))
order by task, model, strategy, steering_model, way
