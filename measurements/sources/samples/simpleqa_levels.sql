-- 800 SimpleQA questions at several levels of thinking; each level is a run of its own and a point on the curve of that
-- model.
-- in:  $data: the folder of collected figures; names(published, model)
select
    names.model,
    'simpleqa' as task,
    md5(question_id)[:12] as question_id,
    0 as sample_index,
    case when correct = 1 then 'correct' when grade = 'B' then 'wrong' end as answer,
    correct = 1 as correct,
    total_output_tokens as generated_tokens,
    'thinking-budget' as strategy,
    null as finish_reason,
    'simpleqa-' || lower(split_part(names.model, '/', -1)) || '-' || level as run_id
from read_parquet($data || '/thinking_levels_simpleqa.parquet') as answers
join names on lower(answers.model) = names.published
