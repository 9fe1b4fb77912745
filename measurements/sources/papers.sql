-- The two papers, as far as their figures could be read: two cells of Table 1 of arXiv 2408.00724 as an explainer
-- quotes them, and a draft log by the first author of arXiv 2512.24776 for one model. No table of either paper was
-- readable.
-- in:  $data: the folder of collected figures; names(published, model)
select
    names.model,
    case when benchmark = 'MATH500' then 'math500' else 'aime25' end as task,
    case strategy
        when 'rebase_weighted_vote' then 'rebase'
        when 'sampling_weighted_vote(vote type per chart note)' then 'weighted-majority'
        else 'thinking-budget'
    end as strategy,
    n_samples,
    case when benchmark = 'MATH500' then 500 else 30 end as n_questions,
    accuracy,
    null::double as stderr,
    tokens::double as generated_tokens,
    case when tokens is not null then 'read off a chart' end as tokens_from,
    case
        when source = 'arXiv 2408.00724' then 'second-hand: an explainer citing Table 1'
        else 'first author''s draft log, read off a chart, task inferred; not the paper''s tables'
    end as quality,
    true as weak,
    case
        when source = 'arXiv 2408.00724' then source
        else 'draft log beside arXiv 2512.24776, prucsakos/LLMEnergyEfficiency'
    end as source,
    case
        when source = 'arXiv 2408.00724' then 'https://arxiv.org/abs/2408.00724'
        else 'https://github.com/prucsakos/LLMEnergyEfficiency'
    end as source_url
from read_csv($data || '/published_points.csv') as listed
join names on lower(listed.model) = names.published
where source = 'arXiv 2408.00724'
    or (source = 'paper1 author draft log' and strategy like 'single_pass (high truncated%')
