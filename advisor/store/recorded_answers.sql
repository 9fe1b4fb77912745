-- Stored answers by how they were drawn.
-- in:  table samples; is_failed_request (failed_request.sql)
-- out: model, task, strategy, reward_model, the columns of the set-up, own, answers, questions,
--      accuracy (mean over questions of the share of right answers; null: none could be judged), runs (run ids)
with by_question as (
    select
        model,
        task,
        strategy,
        reward_model,
        endpoint,
        weights,
        template,
        system_prompt,
        few_shot,
        chat_options,
        force,
        temperature,
        top_p,
        top_k,
        min_p,
        frequency_penalty,
        presence_penalty,
        repetition_penalty,
        max_tokens,
        own,
        question_id,
        count(*) as answers,
        avg(correct::int) filter (
            coalesce(finish_reason, '') not in ('error', 'unchecked')
            and not is_failed_request(answer, correct, generated_tokens, finish_reason)
        ) as share_right,
        list(distinct run_id) as runs
    from samples
    group by all
)
select
    * exclude (question_id, answers, share_right, runs),
    sum(answers)::bigint as answers,
    count(*) as questions,
    avg(share_right) as accuracy,
    list_sort(list_distinct(flatten(list(runs)))) as runs
from by_question
group by all
order by own desc, task, model, strategy, runs
