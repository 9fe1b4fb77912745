-- answers: every stored answer once, however many files hold its run, with the way in which it was drawn.
-- in:  samples
-- out: the columns of samples;
--      steering_model, steering_reward, steering_delimiter  what steered a search; null for plain samples
--      way      a number for each set-up of a model, task and strategy; of a search that rewards steer also for each
--               reward model, aggregation of rewards and delimiter of steps
--      scored   tokens that a reward model passed for this answer
create or replace temp table answers as
with steered as (
    select
        *,
        if(strategy = 'sampling', null, reward_model) as steering_model,
        if(strategy = 'sampling', null, reward) as steering_reward,
        if(strategy = 'sampling', null, step_delimiter) as steering_delimiter
    from samples
),
ways as (
    select
        *,
        dense_rank() over (
            order by
                task,
                model,
                strategy,
                steering_model,
                steering_reward,
                steering_delimiter,
                endpoint,
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
                max_tokens
        ) as way
    from steered
),
once as (
    select *
    from ways
    qualify row_number() over (
        partition by way, run_id, reward_model, reward, step_delimiter, question_id, sample_index
        order by own desc, correct, answer, generated_tokens, score
    ) = 1
)
select
    *,
    search_scored_tokens
    / count(*) over (partition by way, run_id, reward_model, reward, step_delimiter, question_id) as scored
from once
