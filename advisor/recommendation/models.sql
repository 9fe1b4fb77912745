-- models: the one candidate that stands for each model in a picture.
-- Where a model is on the frontier it is one of its candidates there, else one of all; limits of the request do not
-- count. Those within the interval of the model's most accurate one are equal, and among equals a doubling of the cost
-- has to buy $worth of accuracy, as in pick.sql.
-- in:  candidates; front (frontier.sql); $cost names the column that is the cost; $worth
-- out: a row a model, cheapest first: what tells it from others, cost, accuracy with its interval and origin,
--      on_frontier
with costed as not materialized (
    select
        candidate_id,
        model,
        accuracy,
        low,
        case $cost
            when 'usd' then usd when 'flops' then flops when 's' then s when 'J' then "J" when 'tokens' then tokens
        end as cost
    from candidates
),
leaders as (
    select distinct model from front join candidates using (candidate_id)
),
eligible as not materialized (
    select costed.*, false as on_frontier from costed
    where model not in (from leaders) and cost is not null and not isnan(cost)
    union all
    select costed.*, true from front join costed using (candidate_id)
),
best as (
    select model, on_frontier, max(accuracy) as top, max((accuracy, low))[2] as top_low
    from eligible
    group by model, on_frontier
),
firsts as (
    select
        arg_max(candidate_id, (accuracy - $worth * log2(greatest(cost, 1e-300)), -candidate_id)) as candidate_id,
        any_value(on_frontier) as on_frontier
    from eligible join best using (model, on_frontier)
    where accuracy >= top_low
    group by model
)
select
    candidates.model,
    strategy,
    n_samples,
    token_budget,
    setup,
    gpu,
    gpu_count,
    cost,
    candidates.accuracy,
    candidates.low,
    high,
    accuracy_provenance,
    on_frontier
from firsts
join candidates using (candidate_id)
join costed using (candidate_id)
order by cost, candidates.accuracy desc, candidates.model
