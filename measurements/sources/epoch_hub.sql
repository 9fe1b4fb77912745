-- Epoch AI's benchmarking hub: scores with standard errors, the best run of a model; tokens are not part of this table.
-- in:  $data: the folder of collected figures; names(published, model)
select
    names.model,
    case benchmark
        when 'GPQA-Diamond' then 'gpqa-diamond'
        when 'OTIS-Mock-AIME' then 'otis-mock-aime'
        else 'math-l5'
    end as task,
    'majority' as strategy,
    1 as n_samples,
    case benchmark when 'GPQA-Diamond' then 198 when 'OTIS-Mock-AIME' then 45 else 1324 end as n_questions,
    score as accuracy,
    stderr,
    null::double as generated_tokens,
    null as tokens_from,
    'independent evaluation, run ' || run_id as quality,
    false as weak,
    'Epoch AI benchmarking hub (CC BY 4.0)' as source,
    'https://epoch.ai/benchmarks' as source_url
from read_csv($data || '/epoch_hub_scores.csv')
join names on lower(model_version) = names.published
where benchmark in ('GPQA-Diamond', 'OTIS-Mock-AIME', 'MATH-L5')
qualify row_number() over (partition by names.model, benchmark order by stderr is null, score desc) = 1
