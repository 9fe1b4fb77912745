-- least_costs: what one answer a question costs at least, each cost on the deployment where it is smallest.
-- in:  candidates (recommendation/candidates.sql)
-- out: model, strategy, setup, generated_tokens; usd (null without a price), s, J
select
    model,
    strategy,
    setup,
    generated_tokens,
    min(usd) filter (isfinite(usd)) as usd,
    min(s) as s,
    min("J") filter (isfinite("J")) as joules
from candidates
where n_samples = 1 and token_budget is null
group by all
order by all
