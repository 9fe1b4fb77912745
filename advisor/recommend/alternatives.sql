-- alternatives: the best candidate of every other model and strategy, next in line after the pick.
-- in:  picked(place, model, strategy, n_samples, token_budget, …); $limit
-- out: the columns of picked
with firsts as (
    select * from picked
    qualify row_number() over (partition by model, strategy order by place) = 1
)
select * from firsts where place > 1 order by place limit $limit
