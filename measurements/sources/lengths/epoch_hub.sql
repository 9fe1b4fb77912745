-- Epoch AI's benchmarking hub: mean tokens of an answer of models whose weights are closed; those of open models are in
-- the stored answers. Budgets of thinking count as efforts: from 27,000 tokens high, below medium. Google's models are
-- left out, since their counts leave the reasoning out.
-- in:  $data: the folder of collected figures; length_names(published, model): of open and of closed models
select
    coalesce(length_names.model, answers.model) as model,
    case
        when reasoning_effort is not null then reasoning_effort
        when reasoning_tokens_budget >= 27000 then 'high'
        when reasoning_tokens_budget is not null then 'medium'
        else 'non-thinking'
    end as mode,
    case benchmark when 'GPQA-Diamond' then 'gpqa-diamond' else 'otis-mock-aime' end as task,
    'benchmark' as kind,
    count(*) as n_answers,
    avg(output_tokens) as generated_tokens,
    null::double as characters,
    'Epoch AI benchmarking hub (CC BY 4.0), answers of its runs' as source,
    'https://epoch.ai/benchmarks' as source_url
from read_parquet($data || '/epoch_samples.parquet') as answers
left join length_names on lower(answers.model) = length_names.published
where open_weights = 0 and output_tokens is not null and not starts_with(answers.model, 'google/')
group by all
