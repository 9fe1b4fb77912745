-- MMLU-Pro evaluation results: all categories together, weighted by their questions.
-- in:  $data: the folder of collected figures; names(published, model)
select
    names.model,
    'mmlu-pro' as task,
    'majority' as strategy,
    1 as n_samples,
    sum(n)::bigint as n_questions,
    sum(correct) / sum(n) as accuracy,
    null::double as stderr,
    round(sum(n * mean_output_chars) / sum(n) / 4) as generated_tokens,
    'mean characters of the answer / 4' as tokens_from,
    'as published, five-shot chain of thought' as quality,
    false as weak,
    'MMLU-Pro evaluation results, TIGER-AI-Lab/MMLU-Pro (Apache-2.0)' as source,
    'https://github.com/TIGER-AI-Lab/MMLU-Pro' as source_url
from read_csv($data || '/mmlu_pro_accuracy_length.csv') as scores
join names on lower(scores.model) = names.published
group by names.model
having sum(n) > 11000
