-- pick: the best feasible candidate of every model and kind of GPU, best first, in each scenario.
-- Candidates count as equal to the most accurate one where the 90 % interval of the difference holds zero, and among
-- equals a doubling of the cost has to buy $worth of accuracy; with a target accuracy the cheapest that reaches it
-- comes first. Cheaper is judged at the upper end of the cost's interval, so that a speed that was measured beats one
-- that was hoped for. At a rate the bill is what counts, that of the replicas planned for. Of equal bills, as of
-- machines that few questions leave idle, the more accurate comes first, then the one that is cheaper if all are slower
-- than expected, then the faster, then the one that takes more questions a second.
-- in:  ties(point_id, other_id, half_width): half the 90 % interval of the difference of two points' accuracies
--      feasible (feasible.sql); a pick is made of each number in its column scenario
--      $min_accuracy: or null; $cost: the column that says cheaper; $worth: accuracy a doubling of the cost must buy
-- out: the columns of candidates, and cost, place (1 is the pick), most_accurate and its model among all feasible
with most as (
    select scenario, max(accuracy) as accuracy from feasible group by scenario
),
best as (
    select scenario, feasible.accuracy, min(point_id) as other_id, arg_min(feasible.model, point_id) as model
    from feasible join most using (scenario, accuracy)
    group by scenario, feasible.accuracy
),
costed as not materialized (
    select
        *,
        case $cost
            when 'usd' then usd when 'flops' then flops when 's' then s when 'J' then "J" when 'tokens' then tokens
        end as cost
    from feasible
),
weighed as not materialized (
    select
        costed.*,
        best.accuracy as most_accurate,
        best.model as most_accurate_model,
        -log2(greatest(cost * if($cost = 'usd', usd_spread, spread), 1e-300)) as cheapness,
        case
            when $min_accuracy is not null then cheapness
            -- ten: equals come before all others
            when costed.accuracy >= best.accuracy - coalesce(half_width, 0)
                then 10 + costed.accuracy + $worth * cheapness
            else costed.accuracy + 1e-9 * cheapness
        end as merit,
        1e-7 * costed.accuracy - 1e-9 * log2(greatest(cost * slow_usd_spread, 1e-300)) - 1e-12 * log2(s) as of_equals
    from costed join best using (scenario) left join ties using (point_id, other_id)
    where cost is not null and not isnan(cost)
),
firsts as (
    select arg_max(candidate_id, {'merit': merit + of_equals, 'takes': questions_per_s}) as candidate_id
    from weighed group by scenario, model, gpu
)
select
    * exclude (merit, cheapness, of_equals),
    row_number() over (
        partition by scenario order by merit + of_equals desc, questions_per_s desc, candidate_id
    ) as place
from weighed
where candidate_id in (select candidate_id from firsts)
