-- Reasoning models on a few short questions, about five answers each.
-- in:  $data: the folder of collected figures; length_names(published, model): of open and of closed models
select
    length_names.model,
    case
        when starts_with(length_names.model, 'openai/gpt-oss') or length_names.model = 'openai/o1-mini' then 'medium'
        when length_names.model in ('openai/o3-mini', 'openai/o4-mini') then 'high'
        else 'thinking'
    end as mode,
    'token-economy/' || lower(replace(question, ' ', '-')) as task,
    'short questions' as kind,
    count(*) as n_answers,
    avg(tokens_completions) as generated_tokens,
    null::double as characters,
    'cpldcpu/LRMTokenEconomy (Apache-2.0)' as source,
    'https://github.com/cpldcpu/LRMTokenEconomy' as source_url
from read_csv($data || '/token_economy.csv') as answers
join length_names on lower(answers.model) = length_names.published
where tokens_completions > 0
group by all
