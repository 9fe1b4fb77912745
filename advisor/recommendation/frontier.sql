-- frontier: the candidates that no other candidate of the task beats on cost and accuracy (of equals, the first id).
-- in:  candidates(candidate_id, task, accuracy, …); $cost names the column that is the cost; cost ≥ 0
-- out: candidate_id, task, cost, accuracy; cheapest first
-- Two passes, because ranking every row is slow: best accuracy per cost bucket first, then only rows above all cheaper
-- buckets.
with costed as not materialized (
    select
        candidate_id,
        task,
        accuracy,
        case $cost
            when 'usd' then usd when 'flops' then flops when 's' then s when 'J' then "J" when 'tokens' then tokens
        end as cost
    from candidates
),
bucketed as not materialized (
    -- any non-decreasing function of the cost keeps the result exact; greatest() admits a cost of zero
    select *, floor(50 * ln(greatest(cost, 1e-300)))::int as bucket from costed where cost is not null
),
best as (
    select task, bucket, max(accuracy) as top from bucketed group by task, bucket
),
bar as (
    select
        task,
        bucket,
        max(top) over (partition by task order by bucket rows between unbounded preceding and 1 preceding) as beaten_by
    from best
),
alive as (
    select bucketed.* from bucketed join bar using (task, bucket) where accuracy > coalesce(beaten_by, -1)
)
select candidate_id, task, cost, accuracy
from alive
qualify accuracy > coalesce(
    max(accuracy) over (
        partition by task order by cost, accuracy desc, candidate_id rows between unbounded preceding and 1 preceding
    ),
    -1
)
order by task, cost
