-- What was drawn: a row for each way (answers.sql).
-- in:  answers
-- out: way, model, task, strategy, the columns of the set-up, steering_model, steering_reward and steering_delimiter;
--      runs and own_runs (run ids; those that the user's workspace holds answers of); n_engines (engines and versions
--      that drew it); judges (what scored answers: reward_model, reward, step_delimiter)
select
    way,
    model,
    task,
    strategy,
    endpoint,
    weights,
    template,
    system_prompt,
    few_shot,
    chat_options,
    temperature,
    top_p,
    top_k,
    min_p,
    frequency_penalty,
    presence_penalty,
    repetition_penalty,
    max_tokens,
    steering_model,
    steering_reward,
    steering_delimiter,
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
group by all
order by task, model, strategy, steering_model, way
