-- ZeroEval: greedy accuracy with the mean length of the reasoning.
-- in:  $data: the folder of collected figures; names(published, model)
select
    names.model,
    case benchmark when 'gsm' then 'gsm8k' when 'math-l5' then 'math-l5-zeroeval' else benchmark end as task,
    'majority' as strategy,
    1 as n_samples,
    "Total"::bigint as n_questions,
    "Acc" / 100 as accuracy,
    null::double as stderr,
    round("Reason Lens" / 4) as generated_tokens,
    'mean characters of the reasoning / 4' as tokens_from,
    'greedy, as published' as quality,
    false as weak,
    'ZeroEval leaderboard, yuchenlin/ZeroEval (Apache-2.0)' as source,
    'https://github.com/yuchenlin/ZeroEval' as source_url
from read_csv($data || '/zeroeval_accuracy_length.csv') as scores
join names on lower(scores."Model") = names.published
where "Mode" = 'greedy' and benchmark in ('gsm', 'math-l5', 'mmlu-redux', 'crux') and "Total" is not null
