-- Which (model, task, strategy) have stored answers, and from which runs. Answers drawn with other settings are never
-- pooled: of several settings the one with most answers is counted, of the user's own alone in a user's workspace.
-- in:  $own: only what the user's workspace added something to; a workspace's fits overlay those that ship
-- out: model, task, strategy, reward_model (null for plain samples: their votes do not depend on it), runs (run ids),
--      prompt_tokens (mean, null where not recorded), place (1: counted)
with settings as (
    select
        model,
        task,
        strategy,
        case when strategy != 'sampling' then reward_model end as reward_model,
        list(distinct run_id order by run_id) as runs,
        avg(prompt_tokens) as prompt_tokens,
        count(*) as answers,
        bool_or(own) as own
    from samples
    group by model, task, strategy, 4, temperature, top_p, max_tokens, frequency_penalty
)
select
    model,
    task,
    strategy,
    reward_model,
    runs,
    prompt_tokens,
    row_number() over (
        partition by model, task, strategy, reward_model
        order by answers desc, runs
    ) as place
from settings
where own or not $own
order by task, model, strategy, reward_model, place
