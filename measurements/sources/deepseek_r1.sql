-- DeepSeek-R1 model report: pass@1 and the majority of 64 for the distilled models; tokens were not published.
-- in:  $data: the folder of collected figures; names(published, model)
with listed as (
    unpivot (from read_csv($data || '/deepseek_r1_distill_table.csv'))
    on aime24_pass1, aime24_cons64, math500_pass1, gpqa_diamond_pass1
    into name score value percent
)
select
    names.model,
    case
        when score like 'aime24%' then 'aime24'
        when score like 'math500%' then 'math500'
        else 'gpqa-diamond'
    end as task,
    'majority' as strategy,
    case when score = 'aime24_cons64' then 64 else 1 end as n_samples,
    case when score like 'aime24%' then 30 when score like 'math500%' then 500 else 198 end as n_questions,
    percent / 100 as accuracy,
    null::double as stderr,
    null::double as generated_tokens,
    null as tokens_from,
    'model report' as quality,
    false as weak,
    listed.source as source,
    'https://github.com/deepseek-ai/DeepSeek-R1' as source_url
from listed
join names on lower(listed.model) = names.published
