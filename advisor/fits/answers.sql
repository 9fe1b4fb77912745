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
different as (
    select distinct
        task,
        model,
        strategy,
        steering_model,
        steering_reward,
        steering_delimiter,
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
        max_tokens
    from steered
),
ways as (
    select
        *,
        row_number() over (
            order by
                task,
                model,
                strategy,
                steering_model,
                steering_reward,
                steering_delimiter,
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
                max_tokens
        ) as way
    from different
),
numbered as (
    select steered.*, way
    from steered
    join ways on
        steered.task is not distinct from ways.task
        and steered.model is not distinct from ways.model
        and steered.strategy is not distinct from ways.strategy
        and steered.steering_model is not distinct from ways.steering_model
        and steered.steering_reward is not distinct from ways.steering_reward
        and steered.steering_delimiter is not distinct from ways.steering_delimiter
        and steered.endpoint is not distinct from ways.endpoint
        and steered.weights is not distinct from ways.weights
        and steered.template is not distinct from ways.template
        and steered.system_prompt is not distinct from ways.system_prompt
        and steered.few_shot is not distinct from ways.few_shot
        and steered.chat_options is not distinct from ways.chat_options
        and steered.temperature is not distinct from ways.temperature
        and steered.top_p is not distinct from ways.top_p
        and steered.top_k is not distinct from ways.top_k
        and steered.min_p is not distinct from ways.min_p
        and steered.frequency_penalty is not distinct from ways.frequency_penalty
        and steered.presence_penalty is not distinct from ways.presence_penalty
        and steered.repetition_penalty is not distinct from ways.repetition_penalty
        and steered.max_tokens is not distinct from ways.max_tokens
),
once as (
    select *
    from numbered
    qualify row_number() over (
        partition by way, run_id, reward_model, reward, step_delimiter, question_id, sample_index
        order by own desc, sealed_at desc, correct, generated_tokens
    ) = 1
)
select
    *,
    search_scored_tokens
    / count(*) over (partition by way, run_id, reward_model, reward, step_delimiter, question_id) as scored
from once
