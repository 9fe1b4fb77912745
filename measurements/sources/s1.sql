-- s1 (arXiv 2501.19393), read off the vector figures of its repository: accuracy at a forced mean length of thinking,
-- and majority voting. The caps behind the mean lengths are not published; rejection sampling is no strategy to deploy.
-- in:  $data: the folder of collected figures; names(published, model)
select
    names.model,
    case benchmark when 'MATH500' then 'math500' when 'AIME24' then 'aime24' else 'gpqa-diamond' end as task,
    case when strategy like 'majority%' then 'majority' else 'thinking-budget' end as strategy,
    case
        when strategy like 'majority@%' then regexp_extract(strategy, '\d+')::int
        when strategy = 'majority' then round(avg_tokens_per_question / 14316)::int
        else 1
    end as n_samples,
    n_questions,
    accuracy_pct / 100 as accuracy,
    null::double as stderr,
    avg_tokens_per_question::double as generated_tokens,
    'as published' as tokens_from,
    'figure, ' || precision as quality,
    precision not like '%exact%' as weak,
    source,
    'https://github.com/simplescaling/s1' as source_url
from read_csv($data || '/s1_budget_forcing_curves.csv') as figures
join names on lower(figures.model) = names.published
where strategy not like 'rejection%' and strategy not like 'REBASE%'
    -- the same points as the vector figure
    and not (precision like 'digitised%' and figures.model = 's1-32B' and benchmark = 'GPQA-Diamond')
