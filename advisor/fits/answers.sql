-- Every stored answer once, however many files hold its run, with the way in which it was drawn.
-- in:  samples; is_failed_request (store/failed_request.sql)
-- out: ways     drawn: what tells ways apart, namely model, task, strategy, the columns of the set-up, and what steered
--               a search (steering_model, steering_reward, steering_delimiter; null for plain samples); way: a number
--      answers  the columns of samples without those of the set-up;
--               way
--               scored: tokens that a reward model passed for this answer
--               failed: whether it is taken for a request that failed (store/failed_request.sql). Its finish_reason
--               is 'error' here
create or replace temp view marked as
select
    *,
    is_failed_request(answer, correct, generated_tokens, finish_reason) as failed,
    {
        'task': task,
        'model': model,
        'strategy': strategy,
        'steering_model': if(strategy = 'sampling', null, reward_model),
        'steering_reward': if(strategy = 'sampling', null, reward),
        'steering_delimiter': if(strategy = 'sampling', null, step_delimiter),
        'endpoint': endpoint,
        'weights': weights,
        'template': template,
        'system_prompt': system_prompt,
        'few_shot': few_shot,
        'chat_options': chat_options,
        'force': force,
        'temperature': temperature,
        'top_p': top_p,
        'top_k': top_k,
        'min_p': min_p,
        'frequency_penalty': frequency_penalty,
        'presence_penalty': presence_penalty,
        'repetition_penalty': repetition_penalty,
        'max_tokens': max_tokens
    } as drawn
from samples;

create or replace temp table ways as
select drawn, row_number() over (order by drawn) as way
from (select distinct drawn from marked);

create or replace temp table answers as
select
    marked.* exclude (
        drawn, endpoint, weights, template, system_prompt, few_shot, chat_options, force, temperature, top_p, top_k,
        min_p, frequency_penalty, presence_penalty, repetition_penalty, max_tokens
    ) replace (if(failed, 'error', finish_reason) as finish_reason),
    way,
    null::double as scored
from marked
join ways using (drawn); -- nulls within a struct are equal

-- of a draw that several files hold, one stays: only runs that have such are sorted
delete from answers
where rowid in (
    select rowid
    from answers
    where
        run_id in (
            select run_id
            from answers
            group by way, run_id, reward_model, reward, step_delimiter, question_id, sample_index
            having count(*) > 1
        )
    qualify row_number() over (
        partition by way, run_id, reward_model, reward, step_delimiter, question_id, sample_index
        order by own desc, sealed_at desc, correct, generated_tokens, answers
    ) > 1
);

update answers
set scored = search_scored_tokens / n
from (
    select
        way, run_id, reward_model as judge, reward as reduced, step_delimiter as delimiter, question_id, count(*) as n
    from answers
    where run_id in (select distinct run_id from answers where search_scored_tokens is not null)
    group by all
) as searches
where
    answers.way = searches.way
    and answers.run_id = searches.run_id
    and answers.question_id = searches.question_id
    and answers.reward_model is not distinct from judge
    and answers.reward is not distinct from reduced
    and answers.step_delimiter is not distinct from delimiter
