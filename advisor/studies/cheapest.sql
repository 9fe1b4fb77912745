-- cheapest: of every strategy point the deployment that costs least USD a question.
-- in:  candidates (recommendation/candidates.sql)
-- out: their columns, a row a point that has a price, by point
select *
from candidates
where usd is not null and not isnan(usd)
qualify row_number() over (partition by point_id order by usd, s, candidate_id) = 1
order by point_id
