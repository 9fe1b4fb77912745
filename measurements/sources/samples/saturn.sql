-- One answer a question of the R1 distillations, cut at 16,384 tokens. Answers were not published, only whether they
-- were right.
-- in:  $data: the folder of collected figures; names(published, model)
select
    names.model,
    case benchmark when 'math_500' then 'math500' else benchmark end as task,
    md5(benchmark || '/' || question_idx)[:12] as question_id,
    0 as sample_index,
    case when correct = 1 then 'correct' end as answer,
    correct = 1 as correct,
    output_tokens as generated_tokens,
    'sampling' as strategy,
    case when output_tokens >= 16384 then 'length' else 'stop' end as finish_reason,
    'saturn-' || lower(answers.model) || '-' || benchmark as run_id
from read_csv($data || '/saturn_r1distill_single_sample_tokens.csv') as answers
join names on lower(answers.model) = names.published
