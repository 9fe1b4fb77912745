-- model_frontiers: what no other candidate of the same model, kind of GPU and evidence beats on accuracy and a cost.
-- Whatever choice of GPUs, models and evidence a picture shows, its frontier is made of these rows.
-- in:  candidates (candidates.sql)
-- out: the columns of candidates; evidence; units: the costs in which it is one of them;
--      anywhere: those in which it also is among the candidates of the model and evidence on all GPUs. A cost that is
--      not known, or zero, is none
with told_apart as not materialized (
    select
        candidate_id,
        model,
        gpu,
        case
            when tokens_from = 'imputed' then 'imputed' when weak then 'weak' else accuracy_provenance
        end as evidence,
        accuracy,
        usd as of_equals,
        usd,
        flops,
        s,
        "J",
        tokens
    from candidates
),
costed as (
    from told_apart unpivot (cost for unit in (usd, flops, s, "J", tokens))
),
beaten as (
    select
        *,
        max(accuracy) over (
            partition by unit, evidence, model, gpu order by cost, accuracy desc, of_equals, candidate_id
            rows between unbounded preceding and 1 preceding
        ) as there,
        max(accuracy) over (
            partition by unit, evidence, model order by cost, accuracy desc, of_equals, candidate_id
            rows between unbounded preceding and 1 preceding
        ) as anywhere
    from costed
    where cost > 0 and isfinite(cost)
),
kept as (
    select
        candidate_id,
        any_value(evidence) as evidence,
        list(unit order by unit) as units,
        list(unit order by unit) filter (accuracy > coalesce(anywhere, -1)) as anywhere
    from beaten
    where accuracy > coalesce(there, -1)
    group by candidate_id
)
select candidates.*, kept.* exclude (candidate_id)
from kept join candidates using (candidate_id)
order by candidate_id
