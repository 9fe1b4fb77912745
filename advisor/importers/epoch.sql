-- Epoch AI benchmarking hub samples → our columns.
-- Question ids become digests and answers become classes (the correct one, wrong ones by first sight), because the
-- benchmarks ask that questions and answers are not published together; votes need no more than classes.
-- in:  $file; table epoch_models(published, model): their name → Hugging Face id
-- out: the columns of samples, only of the models in that table
with source as (
    select *, model as published, concat(benchmark, '/', question_id) as full_question
    from read_parquet($file)
    where valid = 1
),
classed as (
    select
        *,
        dense_rank() over (partition by run_id, full_question order by md5(concat(full_question, answer))) as class
    from source
)
select
    epoch_models.model,
    case benchmark
        when 'GPQA-Diamond' then 'gpqa-diamond'
        when 'OTIS-Mock-AIME-24-25' then 'otis-mock-aime'
    end as task,
    md5(full_question)[:12] as question_id,
    epoch - 1 as sample_index,
    -- right ones are one class, also where the answer itself was not kept
    case when correct = 1 then 'correct' when answer is not null then concat('wrong-', class) end as answer,
    case correct when 1 then true when 0 then false end as correct,
    output_tokens::bigint as generated_tokens,
    input_tokens::bigint as prompt_tokens,
    null::double as score,
    'sampling' as strategy,
    null::varchar as finish_reason,
    temperature::double as temperature,
    concat('epoch-', run_id) as run_id
from classed
join epoch_models using (published)
where benchmark in ('GPQA-Diamond', 'OTIS-Mock-AIME-24-25')
order by run_id, question_id, sample_index
