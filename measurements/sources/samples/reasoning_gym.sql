-- Reasoning Gym, the easy half: up to three answers of seven open models to the same questions. A task here is a
-- category there (the folder of its generators). Generators are left out whose questions were not put to all seven
-- (drawn anew, or not run), and those where none of ten models gets a tenth right: their scoring is unfinished, or they
-- tell nobody apart. Partial scores count as wrong. Answers are classes; one that the collection cut short is of its
-- own. Only characters of the answers are known, no tokens.
-- in:  $data: the folder of collected figures; names(published, model)
with everything as (
    select * from read_parquet($data || '/reasoning_gym_easy.parquet')
),
answers as (
    select names.model, everything.* exclude (model) from everything join names on everything.model = names.published
),
asked as (
    select task, question_id, count(distinct model) as models from answers group by all
),
kept as (
    select task
    from asked
    group by task
    having min(models) = (select count(distinct model) from answers)
        and task in (
            select task
            from (select task, model, avg((score >= 0.99)::int) as accuracy from everything group by all)
            group by task
            having max(accuracy) >= 0.1
        )
),
numbered as (
    select
        *,
        row_number() over (
            partition by model, task, question_id order by sample_index, answer, score
        ) - 1 as number
    from answers
    where task in (from kept)
)
select
    model,
    'reasoning-gym-' || category as task,
    question_id,
    number as sample_index,
    case
        when score >= 0.99 then 'correct'
        when length(answer) >= 60 then 'cut-' || number
        else 'wrong-' || md5(answer)[:6]
    end as answer,
    score >= 0.99 as correct,
    null::bigint as generated_tokens,
    'sampling' as strategy,
    null as finish_reason,
    'reasoning-gym-' || lower(split_part(model, '/', -1)) as run_id
from numbered
order by run_id, task, question_id, sample_index
